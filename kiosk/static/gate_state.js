/** What a gate's screen shows, as one pure function of what it has heard; `now` is monotonic milliseconds. */

/** How long a verdict stands. */
export const HOLD_MS = { go: 2500, again: 2500, ask: 20000, wait: 6000, used: 6000, stop: 6000, staff: 6000 };
/** A ring that turned so long without a verdict stops: the band left before it was read. */
export const READING_MS_MAX = 2000;
/** A band found longer ago than this has its verdict already. */
export const READING_AGE_MS_MAX = 500;
const SEEN_MAX = 256;

/** @typedef {{phase: "idle"|"reading"|"verdict"|"stale"|"out", view: any, until: number, link: string, live: boolean, out: boolean, offline: boolean, seen: string[]}} GateState */

/** @returns {GateState} */
export function begin() {
  return { phase: "idle", view: null, until: 0, link: "connecting", live: true, out: false, offline: false, seen: [] };
}

/** Return how long a view may still be shown: 0 means never, for an old green waves the next guest through. */
export function remaining(view, age) {
  return Math.max(0, (HOLD_MS[view.family] ?? 0) - Math.max(0, age ?? 0));
}

/**
 * @param {GateState} state
 * @param {{type: string, now: number, body?: any, age?: number}} event
 * @returns {GateState}
 */
export function reduce(state, event) {
  switch (event.type) {
    case "decision": return decided(state, event);
    case "reading": return event.age > READING_AGE_MS_MAX ? settle(state, event.now) : read(state, event.now);
    case "devices": return device(state, event);
    case "resync": return settle({ ...state, ...healthy(state, event.body.health ?? {}) }, event.now);
    case "health": return settle({ ...state, ...healthy(state, event.body) }, event.now);
    case "link": return settle({ ...state, link: event.body, live: !["stale", "moved"].includes(event.body) }, event.now);
    default: return settle(state, event.now);
  }
}

/** A band is on the reader: whoever was shown makes place. */
function read(state, now) {
  return settle({ ...state, phase: "reading", view: null, until: now + READING_MS_MAX }, now);
}

function device(state, { body, now }) {
  if (body.kind !== "reader") return settle(state, now);
  if (body.state === "reading") return read(state, now);
  return settle({ ...state, out: missing(state, body.state) }, now);
}

/** Whether a screen has no reader: while one is being opened again, as before; unknown means nothing is wrong. */
export function missing(state, reader) {
  return reader == null || reader === "opening" ? state.out : ["lost", "closed"].includes(reader);
}

/** What a screen takes from the device's health. */
export function healthy(state, { online, reader }) {
  return { offline: online === false, out: missing(state, reader) };
}

function decided(state, { body, age, now }) {
  const id = `${body.seq}/${body.tap_id}`;
  if (state.seen.includes(id)) return settle(state, now);
  const seen = [...state.seen, id].slice(-SEEN_MAX);
  const hold = remaining(body, age);
  if (!hold) return settle({ ...state, seen }, now);
  return settle({ ...state, seen, phase: "verdict", view: body, until: now + hold }, now);
}

/** Let time and the state of the world have the last word. */
function settle(state, now) {
  if (!state.live) return { ...state, phase: "stale", view: null, until: 0 };
  const standing = now < state.until && (state.view || state.phase === "reading");
  if (standing) return { ...state, phase: state.view ? "verdict" : "reading" };
  return { ...state, phase: state.out ? "out" : "idle", view: null, until: 0 };
}

/** Return what `<polso-verdict>` shows of a state. `speak` gives words by key, `next` the further line of a view. */
export function shown(state, speak, next) {
  switch (state.phase) {
    case "verdict": return { shape: state.view.family, word: speak(`verdict.${state.view.family}`), line: next(state.view) };
    case "reading": return { shape: "reading", word: speak("verdict.reading"), line: "" };
    case "stale": return { shape: "stale", word: speak("verdict.stale"), line: speak("gate.stale_line"), sentence: true };
    case "out": return { shape: "out", word: speak("verdict.out"), line: speak("gate.out_line"), sentence: true };
    default: return { shape: "idle", word: speak("gate.idle"), line: "", sentence: true };
  }
}
