/** What a gate's screen was told and what it showed: each green with the decision that it was shown for. */
const seen = (globalThis.seen = { greens: [], boots: [], last: "", page: performance.timeOrigin });
globalThis.EventSource = class extends EventSource {
  constructor(...said) {
    super(...said);
    this.addEventListener("hello", (event) => seen.boots.push(JSON.parse(event.data).body.boot));
    this.addEventListener("decision", (event) => {
      const { seq, tap_id, family } = JSON.parse(event.data).body;
      seen.last = family === "go" ? `${seq} ${tap_id}` : "";
    });
  }
};
const look = () => {
  if (document.body.dataset.shape === "go" && seen.greens.at(-1) !== seen.last) seen.greens.push(seen.last);
};
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(look).observe(document.body, { attributeFilter: ["data-shape"] });
});
