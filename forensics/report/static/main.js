// Starts the interactive parts; if any step fails, the static report stays as it is and says so.
(async () => {
  "use strict";
  const R = window.report;
  const root = document.documentElement;
  try {
    const { words, config } = R.json("config");
    const packed = R.inflate("data-vega"); // while the events are unpacked
    const events = R.columns(JSON.parse(await R.inflate("data-events")));
    root.classList.add("js");
    const table = R.table(events, words, config);
    // The chart library is kept packed; as an inline block it runs because its hash is in the policy.
    const library = R.element("script", await packed);
    document.head.append(library);
    if (!window.vegaEmbed) throw new Error("chart library did not start");
    if (config.timeline) await R.timeline(events, table, words, config.timeline);
    if (config.balance) await R.balance(words, config.balance);
    root.classList.add("charts");
  } catch (error) {
    R.byId("js-failed").hidden = false;
    console.error(error);
  }
  root.dataset.ready = String(Math.round(performance.now()));
})();
