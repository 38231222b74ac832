// Swim lanes and balance: Vega views fed from the unpacked columns, with pan, zoom and keyboard.
(() => {
  "use strict";
  const R = window.report;
  const options = { ast: true, actions: false, defaultStyle: false, tooltip: false, mode: "vega-lite", renderer: "canvas" };

  const theme = (view) => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const apply = (dark) => view.signal("ink", dark ? "#d5dbe1" : "#3d4650").run();
    apply(query.matches && !matchMedia("print").matches);
    query.addEventListener("change", () => apply(query.matches));
    window.addEventListener("beforeprint", () => apply(false));
    window.addEventListener("afterprint", () => apply(query.matches));
  };

  // Rows go into the compiled specification: the library neither copies nor inspects them, and draws once.
  const embed = async (target, spec, sets, params, high) => {
    for (const param of spec.params) if (param.name in params) param.value = params[param.name];
    const patch = (compiled) => {
      for (const data of compiled.data) if (data.name in sets) data.values = sets[data.name];
      compiled.scales.find((scale) => scale.name === "x").domain = { signal: "[t0, t1]" }; // no pass over the rows for it
      if (high) {
        compiled.signals.push({ name: "y0", value: high[0] }, { name: "y1", value: high[1] });
        compiled.scales.find((scale) => scale.name === "y").domain = { signal: "[y0, y1]" };
      }
      return compiled;
    };
    const { view } = await window.vegaEmbed(target, spec, { ...options, patch });
    theme(view);
    return view;
  };

  // Gives a view a movable span: buttons, wheel with Ctrl or Shift, drag, keys. `step` moves the chosen event.
  const movable = (box, view, full, start, step, moved) => {
    let [t0, t1] = start;
    const show = (from, to) => {
      const room = (full[1] - full[0]) * 0.5;
      const size = Math.min(Math.max(to - from, 10), full[1] - full[0] + 2 * room);
      t0 = Math.min(Math.max(from, full[0] - room), full[1] + room - size);
      t1 = t0 + size;
      view.signal("t0", t0).signal("t1", t1);
      moved?.(t0, t1);
      view.runAsync();
    };
    const pan = (share) => show(t0 + (t1 - t0) * share, t1 + (t1 - t0) * share);
    const zoom = (factor, share = 0.5) => {
      const centre = t0 + (t1 - t0) * share;
      show(centre - (centre - t0) * factor, centre + (t1 - centre) * factor);
    };
    const acts = {
      ArrowLeft: (e) => (e.shiftKey || !step ? pan(-0.2) : step(-1)),
      ArrowRight: (e) => (e.shiftKey || !step ? pan(0.2) : step(1)),
      ArrowUp: () => step?.(-1, true),
      ArrowDown: () => step?.(1, true),
      "+": () => zoom(0.5),
      "=": () => zoom(0.5),
      "-": () => zoom(2),
      0: () => show(...full),
    };
    box.addEventListener("keydown", (e) => {
      const act = acts[e.key];
      if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      act(e);
    });
    box.addEventListener(
      "wheel",
      (e) => {
        if (!e.ctrlKey && !e.shiftKey) return;
        e.preventDefault();
        const area = box.getBoundingClientRect();
        zoom((e.deltaY || e.deltaX) > 0 ? 1.25 : 0.8, (e.clientX - area.left) / area.width);
      },
      { passive: false },
    );
    let from = null;
    box.addEventListener("pointerdown", (e) => (from = e.button === 0 ? { x: e.clientX, t0, t1 } : null));
    window.addEventListener("pointerup", () => (from = null));
    window.addEventListener("pointermove", (e) => {
      if (!from || Math.abs(e.clientX - from.x) < 4) return;
      const shift = ((e.clientX - from.x) / view.signal("width")) * (from.t1 - from.t0);
      show(from.t0 - shift, from.t1 - shift);
    });
    return {
      show,
      zoom,
      all: () => show(...full),
      reveal: (t) => (t < t0 || t > t1) && show(t - (t1 - t0) / 2, t + (t1 - t0) / 2),
    };
  };

  R.timeline = async (events, table, words, config) => {
    const box = R.byId("tl-box");
    const slots = config.slots;
    const all = [];
    for (let i = 0; i < events.rows; i++) {
      const t = events.ms(i);
      if (Number.isNaN(t)) continue;
      const id = events.get("system_id", i);
      const mark = events.get("mark", i);
      const n = events.get("cited", i);
      const lane = config.lanes.indexOf(id);
      all.push({ i, t, lane, y: lane + (slots[id]?.[events.get("kind_id", i)] ?? 0.5), mark, size: config.sizes[mark], n });
    }
    // Drawn in this order, so that cited marks lie on top.
    const layered = (rows) => ["other", "bad", "against", "for"].flatMap((mark) => rows.filter((row) => row.mark === mark));
    // Numbers of cited marks; where marks are too close to read them apart, one label names them together.
    const labels = (rows, t0, t1, width) => {
      const out = [];
      for (const row of rows.filter((r) => r.n !== null)) {
        const last = out.findLast((o) => o.y === row.y);
        if (last && ((row.t - last.end) / (t1 - t0)) * width < 26) {
          last.numbers.push(row.n);
          last.end = row.t;
        } else out.push({ t: row.t, end: row.t, y: row.y, numbers: [row.n] });
      }
      for (const o of out) {
        const many = o.numbers.length > 3;
        o.label = (many ? [o.numbers[0], "…", o.numbers.at(-1)] : o.numbers).map((n) => (n === "…" ? n : `E${n}`)).join(" ");
        o.t = (o.t + o.end) / 2;
      }
      return out;
    };
    const byRow = new Map(all.map((row) => [row.i, row]));
    let visible = all;
    let chosen = -1;
    const focus = R.byId("tl-focus");
    const [t0, t1] = config.focus[Number(focus.value)];
    const view = await embed(R.byId("tl-chart"), R.json("spec-timeline"), { events: layered(all), cited: labels(all, t0, t1, box.clientWidth - 100), chosen: [] }, { t0, t1 });
    const step = (by, sameLane) => {
      if (!visible.length) return;
      const lane = byRow.get(chosen)?.lane;
      let at = visible.findIndex((row) => row.i === chosen);
      if (at < 0) at = by > 0 ? -1 : visible.length;
      do at += by;
      while (sameLane && lane && visible[at] && visible[at].lane !== lane);
      if (visible[at]) table.choose(visible[at].i, "keys");
    };
    const relabel = (from, to) => view.data("cited", labels(visible, from, to, view.signal("width")));
    const motion = movable(box, view, config.full, [t0, t1], step, relabel);
    table.listen({
      filtered: (shown) => {
        const keep = new Set(shown);
        visible = all.filter((row) => keep.has(row.i));
        relabel(view.signal("t0"), view.signal("t1"));
        view.data("events", layered(visible)).runAsync();
      },
      chosen: (i) => {
        chosen = i;
        const row = byRow.get(i);
        view.data("chosen", row ? [row] : []).runAsync();
        if (row) motion.reveal(row.t);
      },
    });
    view.addEventListener("click", (_, item) => item?.datum?.i !== undefined && table.choose(item.datum.i, "chart"));
    view.addEventListener("mousemove", (_, item) => {
      if (item?.datum?.i !== undefined) R.byId("tl-hover").textContent = table.describe(item.datum.i);
    });
    R.byId("tl-in").addEventListener("click", () => motion.zoom(0.5));
    R.byId("tl-out").addEventListener("click", () => motion.zoom(2));
    focus.addEventListener("change", () => motion.show(...config.focus[Number(focus.value)]));
    return view;
  };

  R.balance = async (words, config) => {
    const data = R.columns(JSON.parse(await R.inflate("data-balance")));
    const rows = [];
    for (let i = 0; i < data.rows; i++)
      rows.push({ t: data.ms(i), b: data.get("balance", i), p: data.get("physical", i), s: data.get("series", i) });
    const ends = new Map(rows.map((row) => [row.s, row])); // the last balance holds to the end of the drawing
    for (const row of ends.values()) rows.push({ ...row, t: config.full[1], p: null });
    const select = R.byId("bal-series");
    const extent = () => {
      let [low, high] = [0, 0];
      for (const row of rows)
        if (row.s === select.value) {
          low = Math.min(low, row.b, row.p ?? 0);
          high = Math.max(high, row.b, row.p ?? 0);
        }
      return high > low ? [low, high] : [low - 1, high + 1];
    };
    const [t0, t1] = config.full;
    const view = await embed(R.byId("bal-chart"), R.json("spec-balance"), { balance: rows }, { t0, t1, series: select.value }, extent());
    movable(R.byId("bal-box"), view, config.full, config.full, null);
    select.addEventListener("change", () => {
      const [y0, y1] = extent();
      view.signal("series", select.value).signal("y0", y0).signal("y1", y1).runAsync();
      R.byId("bal-box").setAttribute("aria-label", R.fill(words.balance, { series: select.value }));
    });
    return view;
  };
})();
