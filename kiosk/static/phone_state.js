/** What a phone that reads bands shows, as one pure function of what it read and heard; `now` is monotonic ms. */

/** So long a reading waits for its decision before the person is asked to hold the band again. */
export const ANSWER_MS_MAX = 4000;
const EARLY_MAX = 8;
/** How a browser says why it does not read; any other reason is NFC that is off or missing. */
const WHY = { NotAllowedError: "denied", SecurityError: "denied", AbortError: "off" };

/** @typedef {{phase: "off"|"asking"|"ready"|"reading"|"verdict"|"silent"|"torn"|"refused"|"denied"|"no_nfc"|"unsupported"|"insecure", view: any, why: string, until: number, reader: string, early: any[], link: string, health: any, help: any[]}} PhoneState */

/** Begin; `secure` and `able` say what the browser offers. @returns {PhoneState} */
export function begin({ secure, able }) {
  const phase = able ? "off" : secure ? "unsupported" : "insecure";
  return { phase, view: null, why: "", until: 0, reader: "", early: [], link: "connecting", health: null, help: [] };
}

/** @param {PhoneState} state @param {{type: string, now: number, body?: any}} event @returns {PhoneState} */
export function reduce(state, event) {
  return settle(ACTS[event.type]?.(state, event) ?? state, event.now);
}

const ACTS = {
  start: (state) => ({ ...state, phase: "asking", view: null }),
  started: (state) => ({ ...state, phase: "ready" }),
  stopped: (state, { body }) => ({ ...state, phase: WHY[body] ?? "no_nfc", view: null }),
  torn: (state) => ({ ...state, phase: "torn", view: null }),
  read: (state, { now }) => ({ ...state, phase: "reading", view: null, early: [], until: now + ANSWER_MS_MAX }),
  posted: (state, { body }) => answered({ ...state, reader: body.reader }),
  unheard: (state, { body }) => ({ ...state, phase: "refused", why: body, view: null }),
  decision: decided,
  health: (state, { body }) => ({ ...state, health: body }),
  resync: (state, { body }) => ({ ...state, health: body.health }),
  link: (state, { body }) => ({ ...state, link: body }),
};

/** A decision of this phone's own reader is shown; one that came before we knew the reader's name waits for it. */
function decided(state, { body }) {
  if (state.view?.tap_id === body.tap_id) return body.seq > state.view.seq ? { ...state, view: body } : state;
  if (state.phase !== "reading") return state;
  return answered({ ...state, early: [...state.early, body].slice(-EARLY_MAX) });
}

function answered(state) {
  const own = state.reader && state.early.find((view) => view.tap_id.startsWith(`${state.reader}:`));
  return own && state.phase === "reading" ? { ...state, phase: "verdict", view: own, early: [] } : state;
}

/** Without contact nothing personal stays; a reading without an answer is asked for again. */
function settle(state, now) {
  if (state.link === "stale" && state.view) return { ...state, phase: "ready", view: null };
  return state.phase === "reading" && now >= state.until ? { ...state, phase: "silent" } : state;
}

/** Whether the button stands: before reading began, and wherever a person must do something first. */
export function startable(state) {
  return ["off", "denied", "no_nfc"].includes(state.phase);
}

/** Return what a browser's reading says to the edge: the band's link and its serial number. */
export function readingOf({ message, serialNumber }) {
  const link = [...(message?.records ?? [])].find((record) => ["url", "absolute-url"].includes(record.recordType));
  return { url: link ? new TextDecoder().decode(link.data) : "", serial: serialNumber ?? "" };
}
