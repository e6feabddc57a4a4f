/* A page that is photographed hears nothing but what it is told, and its clock stands. */
(() => {
  const NOON = __NOON__;
  const real = performance.now.bind(performance);
  let later = 0;
  performance.now = () => real() + later;
  const Clock = Date;
  globalThis.Date = class extends Clock {
    constructor(...parts) { super(...(parts.length ? parts : [NOON + later])); }
    static now() { return NOON + later; }
  };
  const streams = new Set();
  globalThis.EventSource = class extends EventTarget {
    constructor() { super(); streams.add(this); }
    close() { streams.delete(this); }
  };
  const polso = {
    get heard() { return streams.size > 0; },
    hello() {
      const loaded = new URL(document.querySelector("script[type=module]").src).pathname;
      polso.say("hello", { at_ms: NOON, assets: loaded.split("/")[2] });
    },
    say(name, body) {
      const data = JSON.stringify({ topic: "", age_ms: 0, body });
      for (const one of streams) one.dispatchEvent(new MessageEvent(name, { data, lastEventId: "" }));
    },
    later(ms) { later += ms; polso.say("hb", { at_ms: Date.now() }); },
    painted() { return document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))); },
  };
  Object.defineProperty(globalThis, "polso", { value: polso });
})();
