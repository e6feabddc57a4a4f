/** Read aloud: what a kiosk shows, by the browser's own voice through the headset jack; names and amounts only when asked. */

const AMOUNT = /\p{Sc}|\b[A-Z]{3}[\s\u00a0]?[-\u2212]?\d|\d[\s\u00a0]?[A-Z]{3}\b/u;
const BLOCKS = "h1,h2,h3,p,dt,dd,label,legend,button,.strong,.worth";
const voices = () => globalThis.speechSynthesis?.getVoices?.() ?? [];

/** @typedef {{speak: (key: string, places?: Record<string, unknown>) => string, language: string, state: any}} Tools */
let button = /** @type {HTMLButtonElement | null} */ (null);
let tools = /** @type {Tools | null} */ (null);
let shown = "";
/** What a press does: read, stop, or read what was left out, too. @type {"aloud" | "aloud_stop" | "aloud_all"} */
let next = "aloud";
/** Which reading it is: the end of one that was stopped changes nothing. */
let turn = 0;

/** Whether a line names the guest or an amount. @param {string} line @param {string} name */
export const isPrivate = (line, name) => AMOUNT.test(line) || (name !== "" && line.toLocaleLowerCase().includes(name.toLocaleLowerCase()));

/** Return what is to be said, and whether something is left out. @param {string[]} lines @param {string} name @param {boolean} all */
export function spoken(lines, name, all) {
  const said = lines.filter((line, at) => line && line !== lines[at - 1] && (all || !isPrivate(line, name)));
  return { said, less: !all && lines.some((line) => isPrivate(line, name)) };
}

/** Every line on the page's middle in its order; of nested ones the innermost. */
function lines() {
  const found = [...document.querySelectorAll("#stage :is(" + BLOCKS + ")")].filter((one) => !one.querySelector(BLOCKS));
  return found.map((one) => (one.getAttribute("aria-label") ?? one.textContent ?? "").replaceAll(/\s+/gu, " ").trim());
}

/** Offer to read after each paint; what was read of another page ends with it. @param {Tools} given */
export function offerSpeech(given) {
  tools = given;
  const now = JSON.stringify([given.state.phase, given.language, given.state.plan?.tap_id, given.state.offer, lines()]);
  if (now !== shown) {
    shown = now;
    hush();
  }
  label();
}

/** Say nothing more. */
export function hush() {
  turn += 1;
  next = "aloud";
  globalThis.speechSynthesis?.cancel();
}

function label() {
  if (!tools) return;
  const there = voices().some((voice) => voice.lang.toLowerCase().startsWith(tools?.language ?? ""));
  button ??= made();
  button.hidden = !there || !tools.state.plan || lines().length === 0;
  button.textContent = tools.speak(`kiosk.${next}`);
}

function made() {
  const fresh = document.createElement("button");
  fresh.className = "button touch";
  fresh.id = "aloud";
  fresh.addEventListener("click", press);
  document.getElementById("help")?.before(fresh);
  globalThis.speechSynthesis?.addEventListener?.("voiceschanged", label);
  addEventListener("pagehide", hush);
  return fresh;
}

function press() {
  const asked = next;
  hush();
  if (asked !== "aloud_stop") read(asked === "aloud_all");
  label();
}

/** @param {boolean} all */
function read(all) {
  if (!tools) return;
  const { said, less } = spoken(lines(), tools.state.plan?.name ?? "", all);
  const mine = turn;
  const after = () => {
    if (mine !== turn) return;
    next = less ? "aloud_all" : "aloud";
    label();
  };
  next = "aloud_stop";
  const parts = said.map((line) => Object.assign(new SpeechSynthesisUtterance(line), { lang: tools?.language }));
  const last = parts.at(-1);
  if (!last) return after();
  last.onend = after;
  for (const one of parts) speechSynthesis.speak(one);
}
