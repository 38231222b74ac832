// Unpacks the data blocks: base64, gzip, JSON columns. Nothing here or elsewhere writes HTML: text goes in as textContent.
(() => {
  "use strict";
  const R = (window.report = {});
  R.byId = (id) => document.getElementById(id);
  R.json = (id) => JSON.parse(R.byId(id).textContent);

  R.inflate = async (id) => {
    const binary = atob(R.byId(id).textContent.trim());
    const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };

  // A column is an array, or {words, codes}; absent columns read as null.
  R.columns = (data) => {
    const get = {};
    for (const [name, column] of Object.entries(data)) {
      if (Array.isArray(column)) get[name] = (i) => column[i];
      else if (column && column.codes) get[name] = (i) => (column.codes[i] < 0 ? null : column.words[column.codes[i]]);
    }
    const times = new Float64Array(data.rows);
    let last = 0;
    (data.t || []).forEach((step, i) => {
      if (step === null) times[i] = NaN;
      else times[i] = last += step;
    });
    return {
      rows: data.rows,
      has: (name) => name in get,
      get: (name, i) => (get[name] ? get[name](i) : null),
      micros: (i) => times[i],
      ms: (i) => times[i] / 1000,
    };
  };

  const two = (n, width = 2) => String(n).padStart(width, "0");
  // Wall-clock text of a time in µs; the digits that were recorded, 24 hours.
  R.clock = (micros, precision) => {
    if (Number.isNaN(micros)) return "—";
    const d = new Date(Math.floor(micros / 1000));
    const day = `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
    if (precision === "day") return day;
    const minute = `${day} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
    if (precision === "min") return minute;
    const second = `${minute}:${two(d.getUTCSeconds())}`;
    const rest = ((micros % 1e6) + 1e6) % 1e6;
    if (precision === "s" || rest === 0) return second;
    const digits = two(Math.round(rest), 6);
    return `${second}.${digits.endsWith("000") ? digits.slice(0, 3) : digits}`;
  };

  R.fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, key) => (key in values ? values[key] : all));

  R.element = (tag, text, className) => {
    const e = document.createElement(tag);
    if (text !== undefined && text !== null) e.textContent = text;
    if (className) e.className = className;
    return e;
  };
})();
