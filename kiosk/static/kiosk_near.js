/** Beside a guest's plan, painted: orders, other times, shelves, and five faces with their words. */

import { FACES, UNHAPPY_MAX, drawn } from "./faces.js";
import { newOp, post } from "./post.js";
import { part, ring } from "./ring.js";
import { clock, money, named } from "./words.js";

const REASONS = ["product", "staff", "waiting", "price", "place"];
const MINUTE_MS = 60000;

/** @typedef {{speak: (key: string, places?: Record<string, unknown>) => string, language: string, page: any, now: () => number, hear: (event: any) => void, state: any}} Tools */

/** Send one act of who stands here, and take in what came of it; the answer is kept nowhere. */
async function send({ hear, state }, what, body, taken) {
  hear({ type: "touch" });
  const answer = await post(`${location.pathname}/${what}`, { op: undefined, tap_id: state.plan?.tap_id, ...body });
  hear(answer.ok ? taken(answer.body) : { type: "near-refused", body: answer.body?.kind });
}

/** Ask what belongs to who has just been greeted; without an answer the plan stands by itself. */
export async function look({ hear, state }) {
  const answer = await post(`${location.pathname}/near`, { op: undefined, tap_id: state.plan.tap_id });
  if (answer.ok) hear({ type: "beside", body: answer.body });
}

export const showTimes = (tools, entitlement) => send(tools, "times", { entitlement }, (body) => ({ type: "times", body }));
export const showShelves = (tools) => send(tools, "shelves", {}, (body) => ({ type: "shelves", body: { ...body, tap_id: tools.state.plan.tap_id } }));

function press(words, act, look = "") {
  const made = part("button", `button touch ${look}`, words);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** What was just done, or why it was not. */
export function noted({ state, speak }) {
  return state.note ? [part("p", "note", speak(state.note))] : [];
}

/** Orders of this guest, as rows that stand above the day. */
export function orders({ state, speak, language, page, now }) {
  return (state.near?.orders ?? []).map((order) => {
    const ready = order.state === "ready";
    const row = part("li", `item order ${ready ? "now" : ""}`);
    const sign = part("p", "when", "");
    sign.append(ring(ready ? "go" : "wait"));
    const what = part("div", "what");
    const names = order.lines.map((line) => (line.quantity > 1 ? `${line.quantity} × ` : "") + (named(line.names, language) || line.article));
    const place = named(page.places[order.store], language) || order.store;
    const until = order.until_ms && !ready && order.until_ms > now() ? speak("near.until", { time: clock(order.until_ms, language, page.timezone) }) : "";
    what.append(part("h3", "", names.join(", ")), part("p", "soft", [place, until].filter(Boolean).join(" · ")));
    if (order.code) what.append(part("p", "soft", speak("near.code", { code: `${order.code.slice(0, 3)}\u00a0${order.code.slice(3)}` })));
    if (order.state === "placed") what.append(...order.lines.filter((line) => line.delivery).map((line) => part("p", "soft", named(line.delivery, language))));
    const word = ready && order.counter ? speak("near.ready_at", { counter: order.counter }) : speak(`near.order_${order.state}`);
    row.append(sign, what, part("p", "chip", word));
    return row;
  });
}

/** The button by which one booking gets another time. */
export function changeable(tools, item) {
  if (!tools.state.near?.movable?.includes(item.entitlement)) return null;
  const name = named(item.names, tools.language) || item.product;
  const made = press(tools.speak("near.change"), () => showTimes(tools, item.entitlement), "quiet change");
  made.setAttribute("aria-label", tools.speak("near.change_of", { name }));
  return made;
}

/** Other times of one booking: four at most, or kindly none. */
export function times(tools) {
  const { state, speak, language, page } = tools;
  const item = (state.plan.items ?? []).find((one) => one.entitlement === state.times.entitlement);
  const title = part("div", "hello");
  const words = part("div", "");
  words.append(part("h1", "", speak("near.times")), part("p", "day", item ? `${named(item.names, language) || item.product} · ${clock(item.start_ms, language, page.timezone)}` : ""));
  title.append(ring("wait"), words);
  const list = part("ul", "choices");
  for (const one of state.times.choices ?? []) {
    const row = part("li", "");
    row.append(press(clock(one.start_ms, language, page.timezone), () => send(tools, "move", { entitlement: state.times.entitlement, start_ms: one.start_ms }, (body) => ({ type: "times", body })), "time"));
    list.append(row);
  }
  return [title, list.childElementCount ? list : part("p", "empty", speak("near.no_times"))];
}

/** Where things can be had, and how old each figure is. */
export function shelves(tools) {
  const { state, speak } = tools;
  const title = part("div", "hello");
  const words = part("div", "");
  words.append(part("h1", "", speak(state.shelves.left ? "near.continue" : "near.shelves")), part("p", "day", speak("near.shelves_line")));
  title.append(ring("plain"), words);
  const list = part("ul", "plan shelves");
  list.tabIndex = 0;
  list.setAttribute("aria-label", speak(state.shelves.left ? "near.continue" : "near.shelves"));
  list.append(...state.shelves.articles.map((one) => article(tools, one)));
  return [title, list];
}

/** What the guest looked for elsewhere and did not buy: one bar, which leads to what it costs and where it is. */
export function unfinished({ state, speak, hear, language }) {
  const left = state.near?.unfinished ?? [];
  if (!left.length) return [];
  const names = left.map(({ article: one }) => named(one.names, language) || one.article).join(" · ");
  const articles = left.map(({ article: one, basket }) => ({ ...one, basket }));
  const made = press("", () => hear({ type: "shelves", body: { tap_id: state.plan.tap_id, at_ms: state.near.at_ms, articles, left: true } }), "left");
  made.append(part("span", "", speak("near.continue")), part("span", "names", names));
  const row = part("li", "left-of");
  row.append(made);
  return [row];
}

/** A shelf in words, and how old its figure is. */
function counted(shelf, at_ms, speak) {
  const age = Math.max(0, Math.floor((at_ms - shelf.at_ms) / MINUTE_MS));
  return `${speak(`near.shelf_${shelf.word}`)} · ${speak(age ? "near.age" : "near.age_now", { count: age })}`;
}

function article(tools, one) {
  const { language, speak } = tools;
  const row = part("li", "item article");
  const head = part("div", "what");
  head.append(part("h2", "", named(one.names, language) || one.article), part("p", "soft num", money(one.price_minor, one.currency, language)));
  row.append(head, ...(one.basket ? [part("p", "soft", speak("near.in_basket"))] : []), ...(one.shelves ?? []).map((shelf) => store(tools, one, shelf)));
  if (one.delivery) row.append(part("p", "sent", named(one.delivery, language)));
  return row;
}

function store(tools, one, shelf) {
  const { state, speak, language, page } = tools;
  const line = part("div", "store");
  const place = named(page.places[shelf.store], language) || shelf.store;
  const said = part("div", "");
  said.append(part("p", "strong", place), part("p", "soft", counted(shelf, state.shelves.at_ms, speak)));
  line.append(said);
  if (shelf.word !== "none") {
    const op = newOp();
    const act = press(speak(shelf.here ? "near.reserve_here" : "near.reserve_there"), () => send(tools, "reserve", { op, article: one.article, store: shelf.store }, (order) => ({ type: "ordered", body: { tap_id: state.plan.tap_id, order } })));
    act.setAttribute("aria-label", `${speak(shelf.here ? "near.reserve_here" : "near.reserve_there")}: ${named(one.names, language) || one.article}, ${place}`);
    line.append(act);
  }
  return line;
}

/** The question about a purchase: five faces with words, then at most one reason; asked once. */
export function question(tools) {
  const { state, speak } = tools;
  if (state.said) return [part("p", "thanks", speak("near.thanks"))];
  if (!state.near?.ask) return [];
  const card = part("section", "item ask");
  card.append(part("h3", "", speak(state.face ? "near.because" : "near.how")));
  const row = part("div", state.face ? "reasons" : "faces");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", speak(state.face ? "near.because" : "near.how"));
  const call = wish(state.face, speak);
  const say = (because) => send(tools, "feedback", { score: state.face, because, named: call?.querySelector("button").getAttribute("aria-pressed") === "true" }, () => ({ type: "said" }));
  if (state.face) row.append(...REASONS.map((one) => press(speak(`near.because_${one}`), () => say(one))), press(speak("near.no_reason"), () => say(""), "quiet"));
  else row.append(...FACES.map((score) => face(tools, score)));
  if (call) card.append(call);
  card.append(row);
  return [card];
}

/** Whoever was not content may ask to be spoken to; nobody is named otherwise. */
function wish(score, speak) {
  if (!score || score > UNHAPPY_MAX) return null;
  const row = part("div", "wish");
  const title = part("p", "", speak("near.call_me"));
  title.id = "wish";
  const yes = press(speak("near.call_yes"), () => yes.setAttribute("aria-pressed", String(yes.getAttribute("aria-pressed") !== "true")));
  yes.setAttribute("aria-pressed", "false");
  yes.setAttribute("aria-describedby", title.id);
  row.append(title, yes);
  return row;
}

function face({ hear, speak }, score) {
  const made = press("", () => { hear({ type: "face", body: score }); document.querySelector(".reasons button")?.focus(); }, "face");
  made.append(drawn(score), part("span", "", speak(`near.face_${score}`)));
  return made;
}
