/** What the guest's side of a till knows; it is told no reason, and forgets a guest ten seconds after the thanks. */

import { newerCash } from "./till_cash.js";

export const CLEAR_MS = 10000;
const DONE = ["held", "approved", "voided", "given_up"];

export function begin() {
  return { link: "connecting", basket: null, cash: null, over_at: 0, busy: false, writable: true, face: 0, said: false };
}

/**
 * @param {ReturnType<typeof begin>} state
 * @param {{type: string, body?: any, now: number, age?: number}} event
 */
export function reduce(state, event) {
  const { type, body, now } = event;
  switch (type) {
    case "resync": return { ...withBasket(state, body.basket, now), writable: body.health?.writable !== false };
    case "basket": return withBasket(state, body, now);
    case "cash": {
      const cash = newerCash(state.cash, body);
      return cash === body ? { ...state, cash, over_at: DONE.includes(body.state) ? now : 0 } : state;
    }
    case "face": return asks(state) ? { ...state, face: body, over_at: now } : state;
    case "said": return state.basket?.op_id === body ? { ...state, face: 0, said: true, over_at: now } : state;
    case "reading": return { ...state, busy: true };
    case "health": return { ...state, writable: body.writable !== false };
    case "link": return body === "stale" || body === "moved" ? { ...begin(), link: body } : { ...state, link: body };
    case "tick": return state.over_at && now - state.over_at >= CLEAR_MS ? { ...state, basket: null, cash: null, over_at: 0 } : state;
    default: return state;
  }
}

/** A basket that ended before this page was drawn is nobody's any more: it is not shown again. */
function withBasket(state, basket, now) {
  if (!basket || !basket.op_id) return { ...state, basket: null, over_at: 0, busy: false };
  const over = DONE.includes(basket.state);
  const known = state.basket?.op_id === basket.op_id;
  if (over && !known && !state.basket) return state;
  const word = known ? {} : { face: 0, said: false };
  return { ...state, ...word, basket, cash: null, busy: false, over_at: over ? state.over_at || now : 0 };
}

/** Whether the guest is asked how it was: after a sale, until they said so or the display forgets it. */
export function asks(state) {
  return phase(state) === "approved" && !state.said && !(state.basket.lines ?? []).some((one) => one.voided_minor);
}

/** Which view of the display this is. */
export function phase(state) {
  if (state.link === "stale" || state.link === "moved") return "stale";
  if (!state.writable) return "out";
  if (state.cash) return "cash";
  return state.basket?.state ?? "idle";
}

const SHAPES = { idle: "idle", basket: "plain", await_tap: "reading", pin: "ask", short: "wait", declined: "staff", partly_paid: "ask", held: "go", approved: "go", voided: "go", given_up: "again", stale: "stale", out: "out", cash: "reading" };

/** The ring's shape in a phase. */
export function shape(state) {
  const now = phase(state);
  if (now === "cash") return state.cash.state === "approved" ? "go" : state.cash.state === "pin" ? "ask" : "reading";
  return SHAPES[now] ?? "idle";
}
