/** The visitor's kiosk: hears, reduces, paints; on leaving a personal phase its content leaves the page. */

import { begin, ordered, reduce, secondsLeft, standing } from "./kiosk_state.js";
import { PERSONAL } from "./kiosk_near_state.js";
import { keepKeys } from "./keys.js";
import { newOp, post } from "./post.js";
import { part, ring } from "./ring.js";
import { keepShell, keepSound, seeking, untilDone } from "./shell.js";
import { fitToDistance } from "./sight.js";
import { quiet, Sound } from "./sound.js";
import { openStream } from "./stream.js";
import { choose, clock, day, loadWords, named, say, whatNext } from "./words.js";

const TICK_MS = 500;
const HELP_AGAIN_MS = 3000;
const HEARD_MS = 1000;
const OPEN_MS = 60_000;
const CODE_DIGITS = 8;
const page = JSON.parse(document.body.dataset.page);
const by = (id) => document.getElementById(id);
const words = await untilDone(() => loadWords(page.texts));
const sound = new Sound(page.screen.volume);
let state = begin(page.screen.low_buttons);
let painted = "";
/** The server's clock, as far as it told us; times of the plan are judged by it. */
let served = { ms: Date.now(), at: performance.now() };

fitToDistance(page.screen);
keepShell();
if (!page.demo) keepKeys();

const language = () => choose(words, state.language, state.plan?.language, state.phase === "attract" ? state.noticed?.language : "", page.language);
const speak = (key, places) => say(words, language(), key, places);
const now_ms = () => served.ms + performance.now() - served.at;
const tools = () => ({ speak, language: language(), page, now: now_ms, hear, state });

/** Take in one event and show what follows from it. @param {{type: string, body?: any, age?: number}} event */
export function hear(event) {
  if (event.body?.at_ms && ["resync", "hello", "hb"].includes(event.type)) served = { ms: event.body.at_ms, at: performance.now() };
  const before = state;
  state = reduce(state, { now: performance.now(), ...event });
  if (event.type === "resync") for (const call of event.body.help ?? []) state = reduce(state, { type: "help", body: call, now: performance.now() });
  paint();
  if (state.open?.length && !open) bringOpen();
  if (!state.plan || state.plan.tap_id === before.plan?.tap_id) return;
  sound.play(state.plan.family ?? "go");
  if (state.phase === "plan") askMore();
  else if (!late) bring();
}

/** Paint only what changed: the new state is complete before the old one leaves. */
function paint() {
  const lost = seeking(state.link, performance.now());
  const look = JSON.stringify([lost, state.phase, language(), state.phase === "attract" && state.slide, state.plan?.tap_id, state.plan?.at_ms, state.help?.stage, state.low, state.offline, page.demo, state.mine, state.card, state.claim, state.again, state.phase !== "mine" && state.near, state.times, state.shelves, state.face, state.said, state.note, state.noticed, state.offers, state.offer, state.taken, state.open]);
  if (state.phase === "warning") by("count").textContent = countdown();
  if (look === painted) return;
  painted = look;
  const body = document.body;
  document.documentElement.lang = language();
  document.title = speak("kiosk.title");
  body.dataset.phase = state.phase;
  body.toggleAttribute("data-low", state.low);
  for (const made of document.querySelectorAll("[data-say]")) made.textContent = speak(made.dataset.say);
  by("stage").replaceChildren(...stage());
  by("finish").hidden = ![...PERSONAL, "verdict"].includes(state.phase);
  by("mine").hidden = state.phase !== "plan";
  by("back").hidden = !["mine", "times", "shelves", "offer", "taken"].includes(state.phase);
  by("shelves").hidden = state.phase !== "plan" || !state.near?.shelves;
  by("offline").hidden = !(lost || state.offline);
  by("offline").textContent = speak(lost ? "common.reconnecting" : "common.offline");
  by("low").textContent = speak(state.low ? "kiosk.reach_off" : "kiosk.reach");
  by("low").setAttribute("aria-pressed", String(state.low));
  for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", String(button.dataset.language === language()));
  paintHelp();
  paintWarning();
  late?.tellPainted(tools());
  late?.offerSpeech(tools());
}

function paintHelp() {
  const stage = state.help?.stage;
  by("help-words").textContent = stage ? speak(`kiosk.help_${stage}`) : "";
  by("help-line").textContent = stage ? speak(`kiosk.help_${stage}_line`) : "";
  by("helped").hidden = !stage;
  by("help").hidden = Boolean(stage);
}

/** How the page stands with the edge. */
export const link = () => state.link;

const countdown = () => speak("kiosk.still_there_line", { count: secondsLeft(state, performance.now()) });

function paintWarning() {
  const question = /** @type {HTMLDialogElement} */ (by("warning"));
  if (state.phase !== "warning") return question.close();
  by("count").textContent = countdown();
  if (!question.open) question.showModal();
}

/** What paints a guest's own things comes with the first guest: a kiosk that nobody uses does not carry it. */
let late = null;

async function bring() {
  by("stage").setAttribute("aria-busy", "true");
  try {
    late = Object.assign({}, ...(await Promise.all([import("./kiosk_mine.js"), import("./kiosk_stop.js"), import("./kiosk_near.js"), import("./kiosk_offers.js"), import("./speech.js")])));
  } finally {
    by("stage").removeAttribute("aria-busy");
  }
  painted = "";
  paint();
}

/** Ask what else belongs to who has just been greeted. */
async function askMore() {
  const asked = state.plan?.tap_id;
  if (!late) await bring();
  if (state.phase !== "plan" || state.plan.tap_id !== asked) return;
  late.look(tools());
  late.askOffers(tools());
}

/** The middle of the page in each phase; empty while the question stands. */
function stage() {
  if (!late && ["mine", "times", "shelves", "offer", "taken"].includes(state.phase)) return [part("h1", "sr", speak("kiosk.title"))];
  switch (state.phase) {
    case "plan": return plan(state.plan);
    case "mine": return late.mine(state.mine, { speak, language: language(), page, allow, card: state.card, showCard, claim: state.claim, offline: state.offline, claimBand, stopCard: (pin) => late.stopCard({ tap_id: state.mine?.tap_id, hear, send }, pin) });
    case "times": return late.times(tools());
    case "offer": return late.offer(tools());
    case "taken": return late.taken(tools());
    case "shelves": return late.shelves(tools());
    case "verdict": return [part("h1", "sr", speak(`verdict.${state.plan.family}`)), verdict(state.plan)];
    case "warning": return [];
    case "reading": return [message("reading", "verdict.reading", "")];
    case "stale": return [message("stale", "kiosk.stale", "kiosk.stale_line")];
    case "out": return [message("out", "kiosk.out", "kiosk.out_line")];
    default: return [attract()];
  }
}

function attract() {
  const made = part("div", "attract");
  const sign = part("div", "sign");
  sign.append(ring("idle"));
  const name = state.noticed?.name;
  const words = state.noticed ? speak(name ? "kiosk.hello" : "kiosk.hello_plain", { name }) : speak(`kiosk.attract_${state.slide + 1}`);
  made.append(sign, part("h1", "", words), part("p", "invite", speak("kiosk.touch")));
  if (state.open?.length && open) made.append(open.openTo(state.open, { speak, language: language() }));
  return made;
}

/** What paints tiles for anybody comes with the first of them. */
let open = null;

async function bringOpen() {
  by("stage").setAttribute("aria-busy", "true");
  try {
    open = await import("./kiosk_public.js");
  } finally {
    by("stage").removeAttribute("aria-busy");
  }
  painted = "";
  paint();
}

/** Tiles for anybody that were painted: by exposure, whether the device was told. */
const openSeen = new Map();

/** Ask what is offered to anybody here while nobody stands here, and tell at once what of it was painted. */
async function askOpen() {
  if (state.phase === "attract") {
    const answer = await send("offers-public", { op: newOp() });
    if (!answer.ok) return;
    if (answer.body.tiles?.length && !open) await bringOpen();
    hear({ type: "public", body: answer.body });
    await new Promise(requestAnimationFrame);
    for (const tile of document.querySelectorAll("#stage .open [data-exposure]")) if (!openSeen.has(tile.dataset.exposure)) openSeen.set(tile.dataset.exposure, false);
  }
  // Whoever comes meanwhile takes the tiles away, and what was shown is still said; a minute later at the latest.
  const exposures = [...openSeen].filter(([, told]) => !told).map(([exposure]) => exposure);
  if (!exposures.length || !(await send("offers-public", { op: newOp(), exposures })).ok) return;
  for (const exposure of exposures) openSeen.set(exposure, true);
}

function message(shape, key, line) {
  const made = part("div", "attract");
  const sign = part("div", "sign");
  sign.append(ring(shape));
  made.append(sign, part("h1", "", speak(key)), part("p", "invite", line && speak(line)));
  return made;
}

function verdict(view) {
  const made = document.createElement("polso-verdict");
  const line = whatNext(words, language(), { ...view, next: view.next ?? {} }, { zone: page.timezone, places: page.places, now: view.at_ms });
  requestAnimationFrame(() => made.show({ shape: view.family, word: speak(`verdict.${view.family}`), line, lang: language() }));
  return made;
}

function plan(view) {
  const head = part("div", "hello");
  const words = part("div", "");
  words.append(part("h1", "", view.name ? speak("kiosk.hello", { name: view.name }) : speak("kiosk.hello_plain")));
  words.append(part("p", "day", day(now_ms(), language(), page.timezone)));
  if (view.notice) words.append(notice());
  head.append(ring("go"), words);
  const list = part("ol", "plan");
  list.tabIndex = 0;
  list.setAttribute("aria-label", speak("kiosk.today"));
  list.append(...(late?.orders(tools()) ?? []), ...(late?.unfinished(tools()) ?? []), ...ordered(view.items ?? [], now_ms()).map(item));
  const none = list.childElementCount === 0;
  if (state.again) words.append(part("p", "again", speak("kiosk.mine_again")));
  const all = part("div", "day-list");
  const today = none ? part("p", "empty", speak("kiosk.empty")) : list;
  all.append(...(late ? [...late.noted(tools()), today, ...late.tiles(tools()), ...late.question(tools())] : [today]));
  return [head, part("h2", "today", speak("kiosk.today")), all];
}

/** Staff have a word for who stands here; what about is nobody's business at a kiosk. */
function notice() {
  const made = part("p", "notice");
  made.append(ring("staff"), part("span", "", speak("kiosk.notice")));
  return made;
}

function item(right) {
  const where = standing(right, now_ms());
  const made = part("li", `item ${where}`);
  const time = right.start_ms == null ? "" : clock(right.start_ms, language(), page.timezone);
  const what = part("div", "what");
  what.append(part("h3", "", named(right.names, language()) || right.product), part("p", "soft", details(right, where)));
  const when = part("p", "when", time);
  if (!time) when.append(ring(where === "used" ? "go" : "plain"));
  made.append(when, what, late?.changeable(tools(), right) ?? part("p", "chip", speak(`kiosk.item_${where === "used" && !right.used ? "over" : where}`)));
  return made;
}

function details(right, where) {
  const point = right.point ? named(page.places[right.point], language()) : "";
  const place = point === named(right.names, language()) ? "" : point;
  const until = right.end_ms && where !== "used" ? speak("kiosk.item_until", { time: clock(right.end_ms, language(), page.timezone) }) : "";
  if (right.next_ms) return [place, speak("act.change_time_at", { time: clock(right.next_ms, language(), page.timezone) })].filter(Boolean).join(" · ");
  const left = right.uses_left > 0 ? speak(right.uses_left === 1 ? "kiosk.item_left_one" : "kiosk.item_left", { count: right.uses_left }) : "";
  return [place, until, left].filter(Boolean).join(" · ");
}

/** Show all that is known of who stands here; the answer is kept nowhere but on the page. */
async function showMine() {
  const tap_id = state.plan?.tap_id;
  const answer = await send("mine", { tap_id });
  hear(answer.ok ? { type: "mine", body: answer.body } : { type: "mine-refused" });
}

/** Take the guest's word on one purpose; the page shows what the device then says. */
async function allow(purpose, given) {
  hear({ type: "touch" });
  const answer = await send("consent", { tap_id: state.mine?.tap_id, purpose, given });
  hear(answer.ok ? { type: "mine", body: answer.body } : { type: "mine-refused" });
  if (answer.ok) late?.look(tools());
  document.querySelector(`[data-purpose="${purpose}"]`)?.focus();
}

/** Show the code by which the guest's own phone opens the page of their stored card. */
async function showCard() {
  hear({ type: "touch" });
  const tap_id = state.mine?.tap_id;
  const answer = await send("card", { tap_id });
  hear({ type: "card", body: answer.ok ? { tap_id, svg: answer.body.svg } : { tap_id, svg: "" } });
  document.querySelector(".own-card [tabindex]")?.focus();
}

/** Have a band of nobody claimed by whom a code was brought to; without a code the keys are asked for. */
async function claimBand(code) {
  const { tap_id, rev = 0 } = state.mine ?? {};
  hear({ type: "claim", body: { tap_id, stage: code ? "asking" : "typing" } });
  if (!code) return document.querySelector(".claim polso-pad")?.focus();
  if (code.length !== CODE_DIGITS) return hear({ type: "claim", body: { tap_id, stage: "wrong" } });
  const answer = await send("claim", { tap_id, code });
  const refused = answer.status === 503 || answer.status === 0 ? "offline" : "refused";
  hear({ type: "claim", body: { tap_id, stage: answer.ok ? answer.body.became : refused } });
  document.querySelector(".claim [tabindex]")?.focus();
  if (answer.ok && answer.body.became === "claimed") await hearOfClaim(tap_id, rev);
}

/** Read anew what is allowed once this device has heard what central joined; until then nothing can be switched. */
async function hearOfClaim(tap_id, rev) {
  while (state.phase === "mine" && state.mine?.tap_id === tap_id) {
    const answer = await send("mine", { tap_id });
    if (state.phase !== "mine" || state.mine?.tap_id !== tap_id) return;
    if (answer.ok && (answer.body.rev ?? 0) > rev) {
      hear({ type: "mine", body: answer.body });
      hear({ type: "claim", body: { tap_id, stage: "heard" } });
      if (document.activeElement === document.body) document.querySelector(".claim [tabindex]")?.focus();
      return;
    }
    await new Promise((done) => setTimeout(done, HEARD_MS));
  }
}

/** Like every act, but without an operation id: nobody may keep the answer to give it again. */
const send = (what, body) => post(`${location.pathname}/${what}`, { op: undefined, ...body });

/** Call somebody; the operation id was made when the button was drawn, so that a double press is one call. */
async function callHelp() {
  const op = by("help").dataset.op;
  hear({ type: "help-pressed", body: op });
  const answer = await post(`${location.pathname}/help`, { op });
  if (answer.ok) {
    hear({ type: "help", body: answer.body });
    by("help").dataset.op = newOp();
  } else {
    hear({ type: "help-unheard" });
    setTimeout(callHelp, HELP_AGAIN_MS);
  }
}

function dim() {
  const [hours, minutes] = clock(now_ms(), "en", page.timezone).split(":").map(Number);
  const night = quiet(hours * 60 + minutes, page.screen.quiet_from_min, page.screen.quiet_until_min);
  document.body.toggleAttribute("data-dim", night && state.phase === "attract");
  document.body.dataset.shift = String(Math.floor(performance.now() / 60000) % 4);
}

by("help").dataset.op = newOp();
by("help").addEventListener("click", callHelp);
by("mine").addEventListener("click", showMine);
by("shelves").addEventListener("click", () => late?.showShelves(tools()));
by("back").addEventListener("click", () => hear({ type: "back" }));
by("finish").addEventListener("click", () => hear({ type: "finish" }));
by("here").addEventListener("click", () => hear({ type: "touch" }));
by("warning").addEventListener("cancel", (event) => { event.preventDefault(); hear({ type: "touch" }); });
by("low").addEventListener("click", () => hear({ type: "low", body: !state.low }));
for (const button of document.querySelectorAll("[data-language]")) button.addEventListener("click", () => hear({ type: "language", body: button.dataset.language }));
for (const kind of ["pointerdown", "keydown", "scroll"]) addEventListener(kind, () => PERSONAL.includes(state.phase) && hear({ type: "touch" }), true);
addEventListener("pagehide", () => hear({ type: "finish" }));
setInterval(() => { hear({ type: "tick" }); dim(); }, TICK_MS);
keepSound(sound);
paint();
setInterval(askOpen, OPEN_MS);
const stream = openStream({
  topics: [`kiosk-${page.point.id}`, "help", "devices"],
  onEvent: hear,
  onState: (link) => hear({ type: "link", body: link }),
  busy: () => !["attract", "stale", "out"].includes(state.phase),
});
askOpen();
addEventListener("pointerdown", () => stream.link === "moved" && stream.resume());
