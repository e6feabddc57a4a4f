/** The guest's side of a till: the bill, what to do, the PIN pad, thanks; never why something was refused. */

import { FACES, UNHAPPY_MAX, drawn } from "./faces.js";
import { part, ring } from "./ring.js";
import { keepKeys } from "./keys.js";
import { post } from "./post.js";
import { keepShell, untilDone } from "./shell.js";
import { openStream } from "./stream.js";
import { asks, begin, phase, reduce, shape } from "./till_guest_state.js";
import { said } from "./till_said.js";
import { choose, loadWords, money as amount, named, say, sortOf } from "./words.js";

const TICK_MS = 250;
const page = JSON.parse(document.body.dataset.page);
const by = (id) => document.getElementById(id);
const words = await untilDone(() => loadWords(page.texts));
let state = begin();
/** What was painted last; kept out of the page, where nothing of a guest may stay. */
let painted = "";

const language = () => choose(words, (state.cash ?? state.basket)?.language, page.language);
const speak = (key, places) => say(words, language(), key, places);
const money = (minor) => amount(minor ?? 0, state.basket?.currency || page.currency, language());

export function hear(event) {
  const before = state;
  state = reduce(state, { now: performance.now(), ...event });
  if (state !== before) paint();
}

function paint() {
  const now = phase(state);
  const key = JSON.stringify([now, state.basket, state.cash, state.face, state.said]);
  if (painted === key) return;
  painted = key;
  document.body.dataset.phase = now;
  document.documentElement.lang = language();
  const basket = ["stale", "out"].includes(now) ? null : state.basket;
  const lines = basket?.lines ?? [];
  by("bill").hidden = !lines.length;
  by("bill-title").textContent = speak("pay.basket");
  by("lines").setAttribute("aria-label", speak("pay.basket"));
  by("lines").replaceChildren(...lines.map(lineRow));
  by("lines").scrollTop = by("lines").scrollHeight;
  by("sums").replaceChildren(...sums(basket));
  by("sign").replaceChildren(ring(shape(state)));
  for (const [id, text] of Object.entries(said(now, state, { speak, money, language: language() }))) by(id).textContent = text;
  by("ask").hidden = !asks(state) && !state.said;
  by("ask").replaceChildren(...question());
  const typing = now === "pin" || (now === "cash" && state.cash.state === "pin");
  if (by("pad").hidden === typing) by("pin-pad").clear();
  by("pad").hidden = !typing;
  if (typing) by("pin-pad").focus();
}

/** Five faces after a sale; who was not content is asked whether somebody may speak to them. */
function question() {
  if (state.said) return [part("p", "", speak("near.thanks"))];
  if (!asks(state)) return [];
  const title = part("p", "", speak(state.face ? "near.call_me" : "near.how"));
  title.id = "ask-title";
  const row = part("div", state.face ? "call" : "faces");
  row.setAttribute("role", "group");
  row.setAttribute("aria-labelledby", title.id);
  if (state.face) row.append(choice(speak("near.call_yes"), () => sayHow(state.face, true)), choice(speak("near.call_no"), () => sayHow(state.face, false)));
  else row.append(...FACES.map((score) => choice(speak(`near.face_${score}`), () => (score > UNHAPPY_MAX ? sayHow(score, false) : hear({ type: "face", body: score })), drawn(score))));
  return [title, row];
}

function choice(words, act, sign) {
  const made = part("button", sign ? "face" : "button");
  made.type = "button";
  if (sign) made.append(sign);
  made.append(part("span", "", words));
  made.addEventListener("click", act);
  return made;
}

async function sayHow(score, named) {
  const op_id = state.basket.op_id;
  const answer = await post(`/till/${encodeURIComponent(page.point.id)}/guest/feedback`, { op_id, score, named });
  if (answer.ok) hear({ type: "said", body: op_id });
  else by("line").textContent = speak("counter.see_staff");
}

function lineRow(line) {
  const row = part("li", `bill-line${line.amount_minor < 0 ? " back" : ""}`);
  row.append(part("span", "bill-name", named(page.names[line.item], language()) || line.name));
  if (line.quantity !== 1) row.append(part("span", "bill-many num", `${line.quantity} × ${money(line.price_minor)}`));
  row.append(part("span", "bill-amount num", money(line.amount_minor)));
  return row;
}

function sums(basket) {
  if (!basket?.lines?.length) return [];
  const tax = basket.lines.reduce((sum, one) => sum + Math.round(((one.amount_minor - (one.off_minor ?? 0)) * (one.tax_permille ?? 0)) / (1000 + (one.tax_permille ?? 0))), 0);
  const rows = [pair(speak("counter.tax"), money(tax), "soft")];
  for (const leg of (basket.legs ?? []).filter((one) => one.amount_minor)) rows.push(pair(speak(`receipt.tender.${sortOf(leg.tender)}`), money(leg.amount_minor), "paid"));
  rows.push(pair(speak("counter.total"), money(basket.total_minor), "grand"));
  return rows;
}

function pair(term, value, look) {
  const row = part("div", look);
  row.append(part("dt", "", term), part("dd", "num", value));
  return row;
}

by("pin-pad").addEventListener("pin", async (event) => {
  const cash = phase(state) === "cash";
  const op_id = cash ? state.cash.op_id : state.basket?.op_id;
  const answer = await post(`/till/${encodeURIComponent(page.point.id)}/guest/${cash ? "cash-pin" : "pin"}`, { op_id, pin: event.detail });
  if (answer.ok) hear({ type: cash ? "cash" : "basket", body: answer.body });
  else by("line").textContent = speak("counter.see_staff");
});

keepShell();
if (!page.demo) keepKeys();
openStream({
  topics: [`guest-${page.point.id}`, "devices"],
  onEvent: hear,
  onState: (link) => hear({ type: "link", body: link }),
  busy: () => ["pin", "await_tap", "basket", "partly_paid"].includes(phase(state)),
});
setInterval(() => hear({ type: "tick" }), TICK_MS);
paint();
