/** The stream in the browser: connects, watches, reconnects; a plain EventSource gives up for good after one 502. */

/** Pauses and patience, in ms. */
export const TIMES = { retryMin: 500, retryMax: 2000, watchdog: 12000, stale: 15000 };
const EVENTS = [
  "hello", "hb", "reading", "decision", "plan", "story", "demo", "help", "health", "devices", "counters", "presence", "badge", "approval", "alarm", "basket", "cash", "order", "near", "away",
  "resync", "reload", "moved",
];

/** @typedef {{type: string, id: string, topic: string, body: any, age: number}} StreamEvent */
/** @typedef {"connecting"|"live"|"reconnecting"|"stale"|"moved"} Link */
/** @typedef {{last: string, assets: string, link: Link, tries: number, heard: number, begun: number}} Memory */

/** Return the pause before try `n` (0 first): growing to two seconds, never in step with other screens. */
export function pause(n, chance = Math.random()) {
  const longest = Math.min(TIMES.retryMax, TIMES.retryMin * 2 ** n);
  return TIMES.retryMin + (longest - TIMES.retryMin) * chance;
}

/** Return how the link stands after `silent` ms without a word. @param {Link} link @returns {Link} */
export function linkAfter(link, silent) {
  if (link === "moved") return link;
  return silent >= TIMES.stale ? "stale" : link;
}

/** Return the address of a stream that goes on where the last one stopped. */
export function addressOf({ topics, screen = "", as = "", page = "", version = "", after = "" }) {
  const query = new URLSearchParams({ topics: topics.join(","), page, v: version });
  if (screen) query.set("screen", screen);
  if (as) query.set("as", as);
  if (after) query.set("after", after);
  return `/events?${query}`;
}

/** What the page itself says of its screen. */
function ownPage() {
  const page = JSON.parse(document.body.dataset.page ?? "{}");
  return { screen: page.screen?.id ?? "", demo: Boolean(page.demo) };
}

/** Digest under which this very file was loaded: the version of the whole page. */
function ownVersion() {
  return new URL(import.meta.url).pathname.split("/")[2] ?? "";
}

/** One stream, kept alive until closed. */
class Stream {
  constructor(options) {
    this.options = { ...ownPage(), as: "", onEvent() {}, onState() {}, busy: () => false, ...options };
    this.page = `p${crypto.getRandomValues(new Uint32Array(2)).join("")}`;
    this.version = ownVersion();
    this.last = "";
    this.link = "connecting";
    this.tries = 0;
    this.heard = performance.now();
    this.wantsReload = false;
    this.timer = setInterval(() => this.watch(), 500);
    if (this.options.demo) document.addEventListener("visibilitychange", () => this.seen());
    if (document.hidden && this.options.demo) return;
    this.connect();
  }

  connect() {
    this.source?.close();
    clearTimeout(this.retry);
    const { topics, screen, as } = this.options;
    const address = addressOf({ topics, screen, as, page: this.page, version: this.version, after: this.last });
    this.source = new EventSource(address);
    this.began = performance.now();
    for (const name of EVENTS) this.source.addEventListener(name, (event) => this.hear(name, event));
    this.source.onerror = () => this.failed();
  }

  hear(type, event) {
    this.heard = performance.now();
    this.began = this.heard;
    this.tries = 0;
    if (event.lastEventId) this.last = event.lastEventId;
    const { topic, age_ms, body } = JSON.parse(event.data);
    if (type === "moved") return this.moved();
    this.become("live");
    if (type === "hello" && this.version && body.assets !== this.version) this.wantsReload = true;
    if (type === "reload" && body.reason === "signed_out") return location.reload();
    if (type === "reload") this.wantsReload = true;
    this.options.onEvent({ type, id: event.lastEventId, topic, body, age: age_ms });
    this.reloadWhenIdle();
  }

  failed() {
    this.source?.close();
    if (this.link === "moved" || this.closed) return;
    if (this.link === "live") this.become("reconnecting");
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), pause(this.tries));
    this.tries += 1;
  }

  watch() {
    const now = performance.now();
    this.become(linkAfter(this.link, now - this.heard));
    const away = this.options.demo && document.hidden;
    if (!away && this.link !== "moved" && this.began && now - this.began > TIMES.watchdog) {
      this.began = now;
      this.failed();
    }
    this.reloadWhenIdle();
  }

  become(link) {
    if (link === this.link) return;
    this.link = link;
    this.options.onState(link);
  }

  moved() {
    this.source.close();
    clearTimeout(this.retry);
    this.become("moved");
  }

  /** Take the screen's stream back to this page. */
  resume() {
    this.tries = 0;
    this.become("connecting");
    this.connect();
  }

  seen() {
    if (document.hidden) {
      this.source?.close();
      clearTimeout(this.retry);
      this.began = 0;
    } else {
      this.heard = performance.now();
      this.resume();
    }
  }

  reloadWhenIdle() {
    if (this.wantsReload && !this.options.busy()) {
      this.wantsReload = false;
      location.reload();
    }
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    this.source?.close();
  }
}

/**
 * Open the page's one stream.
 * @param {{topics: string[], onEvent: (event: StreamEvent) => void, onState?: (link: Link) => void,
 *   screen?: string, demo?: boolean, as?: string, busy?: () => boolean}} options
 */
export function openStream(options) {
  return new Stream(options);
}
