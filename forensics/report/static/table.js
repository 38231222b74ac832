// The evidence table: filter, pages, details of one event. Works without the chart.
(() => {
  "use strict";
  const R = window.report;
  const PAGE = 25;

  R.table = (events, words, config) => {
    const body = R.byId("ev-body");
    const state = { page: 0, shown: [], chosen: -1 };
    const listeners = [];
    const haystacks = new Array(events.rows);
    const fields = config.searched.filter((name) => events.has(name));
    const hay = (i) =>
      (haystacks[i] ??= fields.map((name) => events.get(name, i) ?? "").join("\u0001").toLowerCase());

    const where = (i) => {
      const file = events.get("file", i);
      const line = events.get("line", i);
      return file === null ? "—" : line === null ? file : `${file}:${line}`;
    };
    const number = (i) => (events.get("cited", i) === null ? "" : `E${events.get("cited", i)}`);
    const time = (i) => {
      const text = R.clock(events.micros(i), events.get("precision", i));
      const offset = events.get("offset", i);
      return offset ? `${text} ${offset}` : text;
    };
    const system = (i) => words.systems[events.get("system_id", i)] ?? events.get("system_id", i);

    const gapRow = (ms) => {
      const row = R.element("tr", null, "gap");
      const cell = R.element("td", R.fill(words.gap, { length: span(ms) }));
      cell.colSpan = 7;
      row.append(cell);
      return row;
    };
    const span = (ms) => {
      const parts = [];
      let rest = Math.round(ms / 1000);
      for (const [size, unit] of [[86400, words.units[0]], [3600, words.units[1]], [60, words.units[2]], [1, words.units[3]]]) {
        const n = Math.floor(rest / size);
        rest -= n * size;
        if (n) parts.push(`${n} ${unit}`);
      }
      return parts.slice(0, 2).join(" ");
    };

    const draw = () => {
      const first = state.page * PAGE;
      const page = state.shown.slice(first, first + PAGE);
      const rows = [];
      let previous = null;
      for (const i of page) {
        const ms = events.ms(i);
        if (previous !== null && ms - previous > config.gap_ms) rows.push(gapRow(ms - previous));
        if (!Number.isNaN(ms)) previous = ms;
        const mark = events.get("mark", i);
        const row = R.element("tr", null, `m-${mark}${i === state.chosen ? " chosen" : ""}`);
        row.id = `row-${i}`;
        const cell = (label, text, className) => {
          const td = R.element("td", text, className);
          td.dataset.label = label;
          row.append(td);
          return td;
        };
        cell(words.columns.number, number(i), "no");
        const when = cell(words.columns.time, null, "time");
        const open = R.element("button", time(i), "rowbutton");
        open.type = "button";
        open.addEventListener("click", () => choose(i, "table"));
        when.append(open);
        cell(words.columns.system, system(i), "sys");
        cell(words.columns.what, events.get("what", i), "what");
        cell(words.columns.subject, events.get("subject", i) ?? "—");
        cell(words.columns.qty, events.get("qty", i) ?? events.get("qty_counted", i) ?? "", "num");
        const source = cell(words.columns.source, null, "source");
        source.append(R.element("span", where(i), "where"), R.element("code", events.get("text", i), "line"));
        rows.push(row);
      }
      body.replaceChildren(...rows);
      const pages = Math.max(1, Math.ceil(state.shown.length / PAGE));
      R.byId("ev-count").textContent = R.fill(words.count, { n: state.shown.length, total: events.rows });
      R.byId("ev-page").textContent = R.fill(words.page, { page: state.page + 1, pages });
      R.byId("ev-prev").disabled = state.page === 0;
      R.byId("ev-next").disabled = state.page >= pages - 1;
    };

    const filter = () => {
      const query = R.byId("ev-text").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      const system_ = R.byId("ev-system").value;
      const kind = R.byId("ev-kind").value;
      const only = R.byId("ev-only").value;
      const shown = [];
      for (let i = 0; i < events.rows; i++) {
        if (system_ && events.get("system_id", i) !== system_) continue;
        if (kind && events.get("kind_id", i) !== kind) continue;
        if (only === "cited" && events.get("cited", i) === null) continue;
        if (only === "bad" && events.get("mark", i) !== "bad") continue;
        if (query.length && !query.every((part) => hay(i).includes(part))) continue;
        shown.push(i);
      }
      state.shown = shown;
      state.page = 0;
      draw();
      listeners.forEach((listener) => listener.filtered?.(shown));
    };

    const describe = (i) =>
      [number(i), time(i), system(i), events.get("what", i), events.get("subject", i), where(i)].filter(Boolean).join(", ");

    const details = (i) => {
      const list = R.byId("ev-details");
      const items = [];
      const add = (name, value, code) => {
        if (value === null || value === undefined || value === "") return;
        items.push(R.element("dt", name));
        const dd = R.element("dd", code ? null : value);
        if (code) dd.append(R.element("code", value, "line"));
        items.push(dd);
      };
      add(words.columns.number, number(i));
      add(words.columns.time, time(i));
      add(words.columns.system, system(i));
      for (const name of config.fields) if (events.has(name)) add(words.fields[name] ?? name, events.get(name, i));
      add(words.columns.source, where(i));
      add(words.event_id, events.get("event_id", i));
      add(words.text, events.get("text", i), true);
      list.replaceChildren(...items);
      R.byId("ev-detail-box").hidden = false;
    };

    const choose = (i, from) => {
      state.chosen = i;
      details(i);
      const at = state.shown.indexOf(i);
      if (at >= 0) {
        state.page = Math.floor(at / PAGE);
        draw();
      }
      R.byId("tl-live").textContent = describe(i);
      listeners.forEach((listener) => listener.chosen?.(i, from));
    };

    const turn = (by) => {
      state.page += by;
      draw();
      R.byId("ev-table").scrollIntoView({ block: "start" });
    };
    let timer = 0;
    R.byId("ev-text").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(filter, 150);
    });
    for (const id of ["ev-system", "ev-kind", "ev-only"]) R.byId(id).addEventListener("change", filter);
    R.byId("ev-prev").addEventListener("click", () => turn(-1));
    R.byId("ev-next").addEventListener("click", () => turn(1));
    state.shown = Array.from({ length: events.rows }, (_, i) => i);
    draw();
    return { listen: (listener) => listeners.push(listener), choose, describe, shown: () => state.shown };
  };
})();
