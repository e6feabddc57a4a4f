/** Offers at the kiosk, painted: a row of tiles, one offer large, and the code that a phone or the till reads. */

import { shownTile } from "./kiosk_offers_state.js";
import { post } from "./post.js";
import { part, ring } from "./ring.js";
import { named } from "./words.js";

/** Exposures that this page has told as painted; the device counts each once anyway. */
const told = new Set();

const send = ({ state }, what, body) => post(`${location.pathname}/${what}`, { op: undefined, tap_id: state.plan?.tap_id, ...body });

/** Ask what is offered to who has just been greeted. */
export async function askOffers(tools) {
  const { tap_id } = tools.state.plan;
  const answer = await send(tools, "offers", {});
  if (answer.ok) tools.hear({ type: "offers", body: { ...answer.body, tap_id } });
}

/** Say what was painted, once it is: shown is what somebody could see. */
export function tellPainted(tools) {
  const fresh = (tools.state.phase === "plan" ? tools.state.offers?.tiles ?? [] : []).map((tile) => tile.exposure).filter((one) => !told.has(one));
  if (!fresh.length) return;
  for (const one of fresh) told.add(one);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    if (fresh.every((one) => document.querySelector(`[data-exposure="${CSS.escape(one)}"]`))) send(tools, "offers-shown", { exposures: fresh });
    else for (const one of fresh) told.delete(one);
  }));
}

/** Three tiles at most: what it is, and what it costs. */
export function tiles(tools) {
  const shown = tools.state.offers?.tiles ?? [];
  if (!shown.length) return [];
  const row = part("section", "tiles");
  row.setAttribute("aria-label", tools.speak("offer.title"));
  row.append(...shown.map((tile) => small(tools, tile)));
  return [row];
}

function small(tools, tile) {
  const [headline, worth = ""] = named(tile.said, tools.language).tile;
  const made = part("button", `tile ${tile.taken ? "taken" : ""}`);
  made.type = "button";
  made.dataset.exposure = tile.exposure;
  made.append(part("span", "strong", headline), part("span", "worth", tile.taken ? tools.speak("offer.yours") : worth));
  made.addEventListener("click", () => tools.hear({ type: "offer", body: tile.exposure }));
  return made;
}

/** One offer, large, in the words of every channel: its price beside the one without it, until when, and two answers. */
export function offer(tools) {
  const { state, speak, language } = tools;
  const tile = shownTile(state);
  const words = named(tile.said, language);
  const head = part("div", "hello");
  const title = part("div", "");
  title.append(part("h1", "", words.headline), part("p", "day", words.name));
  head.append(ring("plain"), title);
  const all = part("div", "offer");
  all.tabIndex = 0;
  all.setAttribute("role", "region");
  all.setAttribute("aria-label", words.name);
  all.append(part("p", "body", words.body), part("p", "worth", words.price), part("p", "soft", [words.was, words.until].filter(Boolean).join(" · ")));
  const acts = part("div", "row");
  acts.append(press(words.call || speak("offer.take"), () => take(tools, tile), "primary"), press(speak("offer.decline"), () => decline(tools, tile), "quiet"), press(speak("offer.quiet"), () => quiet(tools), "quiet"));
  all.append(acts, part("p", "soft terms", words.terms), part("p", "soft terms mark", words.mark));
  return [head, all];
}

async function take(tools, tile) {
  tools.hear({ type: "touch" });
  const answer = await send(tools, "offer-take", { exposure: tile.exposure });
  tools.hear(answer.ok ? { type: "taken", body: { ...answer.body, tap_id: tools.state.plan.tap_id } } : { type: "near-refused", body: answer.body?.kind });
}

async function quiet(tools) {
  tools.hear({ type: "quiet" });
  await send(tools, "offers-quiet", {});
}

async function decline(tools, tile) {
  tools.hear({ type: "declined", body: tile.exposure });
  await send(tools, "offer-decline", { exposure: tile.exposure });
}

/** Taken up: any till here knows of it; the code is for the phone and for other tills. */
export function taken(tools) {
  const { state, speak, language } = tools;
  const tile = shownTile(state);
  const head = part("div", "hello");
  const title = part("div", "");
  title.append(part("h1", "", speak("offer.yours")), part("p", "day", named(tile.said, language).name));
  head.append(ring("go"), title);
  const all = part("div", "offer");
  all.tabIndex = 0;
  all.setAttribute("role", "region");
  all.setAttribute("aria-label", speak("offer.yours"));
  all.append(part("p", "body", state.taken.to ? speak("offer.good_at", { till: tillsOf(state.taken, language).join(", ") }) : speak("offer.at_the_till")));
  if (state.taken.svg) {
    const code = part("div", "code");
    code.setAttribute("role", "img");
    code.setAttribute("aria-label", speak("offer.code"));
    code.append(new DOMParser().parseFromString(state.taken.svg, "image/svg+xml").documentElement);
    all.append(code);
    if (!state.taken.to) all.append(part("p", "soft", speak("offer.code_line")));
  }
  if (!state.taken.to && state.taken.elsewhere?.length) all.append(part("p", "body", speak("offer.elsewhere")), elsewhere(tools));
  return [head, all];
}

const tillsOf = (taken, language) => (taken.elsewhere ?? []).map((till) => named(till.names, language) || till.point);

/** Tills of other devices: pressed, the code is good at that one and no longer here. */
function elsewhere(tools) {
  const acts = part("div", "row");
  const names = tillsOf(tools.state.taken, tools.language);
  acts.append(...tools.state.taken.elsewhere.map((till, at) => press(names[at], () => makeOver(tools, till), "")));
  return acts;
}

async function makeOver(tools, till) {
  tools.hear({ type: "touch" });
  const answer = await send(tools, "offer-elsewhere", { exposure: tools.state.taken.exposure, device: till.device });
  tools.hear(answer.ok ? { type: "taken", body: { ...answer.body, tap_id: tools.state.plan.tap_id } } : { type: "near-refused", body: answer.body?.kind });
}

function press(words, act, look) {
  const made = part("button", `button touch ${look}`, words);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}
