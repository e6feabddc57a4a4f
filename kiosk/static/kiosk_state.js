/** What a visitor's kiosk shows, as one pure function; whoever leaves is forgotten here first. `now` is monotonic ms. */

import { HOLD_MS, healthy, missing, READING_AGE_MS_MAX, READING_MS_MAX } from "./gate_state.js";
import { NEAR_ACTS, nobodyNear, PERSONAL, stillOpen } from "./kiosk_near_state.js";
import { noOffers, OFFER_ACTS } from "./kiosk_offers_state.js";

/** Untouched for so long, private content leaves the page. */
export const IDLE_MS_MAX = 30000;
/** So long the question stands before everything is forgotten. */
export const WARNING_MS = 25000;
/** A plan told later than this is somebody's who has left. */
export const PLAN_AGE_MS_MAX = 5000;
export const SLIDE_MS = 4000;
export const SLIDES = 3;
/** How long "somebody is coming" stays. */
export const COMING_MS = 90000;
const SEEN_MAX = 64;

/** @typedef {{phase: "attract"|"reading"|"plan"|"mine"|"times"|"shelves"|"offer"|"taken"|"verdict"|"warning"|"stale"|"out", noticed: null|{name: string, language: string}, plan: any, mine: any, card: any, claim: string, again: boolean, near: any, times: any, shelves: any, face: number, said: boolean, note: string, until: number, language: string, lowered: boolean, low: boolean, link: string, live: boolean, out: boolean, offline: boolean, help: null|{id: string, stage: "called"|"coming"|"trying", until: number}, slide: number, seen: string[]}} KioskState */

/** Begin; `lowered` is the screen's own setting: where its buttons stand while nobody chose. @returns {KioskState} */
export function begin(lowered = false) {
  return { phase: "attract", noticed: null, lowered, ...nobody(lowered), link: "connecting", live: true, out: false, offline: false, help: null, slide: 0, seen: [] };
}

/** Everything that belongs to one guest, emptied. */
function nobody(lowered) {
  return { plan: null, mine: null, card: null, claim: "", again: false, ...nobodyNear(), ...noOffers(), until: 0, language: "", low: lowered };
}

/**
 * @param {KioskState} state
 * @param {{type: string, now: number, body?: any, age?: number}} event
 * @returns {KioskState}
 */
export function reduce(state, event) {
  const until = event.now + IDLE_MS_MAX;
  const acted = ACTS[event.type]?.(state, event) ?? (NEAR_ACTS[event.type] ?? OFFER_ACTS[event.type])?.(state, { ...event, until }) ?? state;
  return settle(acted, event.now);
}

const ACTS = {
  plan: greeted,
  reading: read,
  touch: touched,
  mine: (state, { body, now }) => (shows(state, body) ? { ...state, phase: "mine", mine: body, near: stillOpen(state.near, body), again: false, until: now + IDLE_MS_MAX } : state),
  "mine-refused": (state, { now }) => (shows(state, state.plan) ? { ...back(state, now), again: true } : state),
  card: (state, { body, now }) => (state.phase === "mine" && body?.tap_id === state.plan?.tap_id ? { ...state, card: body, until: now + IDLE_MS_MAX } : state),
  claim: (state, { body, now }) => (state.phase === "mine" && body?.tap_id === state.plan?.tap_id ? { ...state, claim: body.stage, until: now + IDLE_MS_MAX } : state),
  back: (state, { now }) => (["mine", "times", "shelves", "offer", "taken"].includes(state.phase) ? back(state, now) : state),
  near: noticed,
  away: (state, { body }) => (body.tap_id === state.plan?.tap_id ? { ...forget(state), noticed: null } : state),
  finish: (state) => forget(state),
  language: (state, { body, now }) => ({ ...touched(state, { now }), language: body, until: now + IDLE_MS_MAX }),
  low: (state, { body, now }) => ({ ...touched(state, { now }), low: body, until: now + IDLE_MS_MAX }),
  health: (state, { body }) => ({ ...state, ...healthy(state, body) }),
  devices: (state, { body }) => (body.kind === "reader" ? { ...state, out: missing(state, body.state) } : state),
  resync: (state, { body }) => ({ ...state, ...healthy(state, body.health ?? {}), help: null, noticed: null }),
  link: (state, { body }) => ({ ...state, link: body, live: !["stale", "moved"].includes(body) }),
  help: helped,
  "help-pressed": (state, { body }) => ({ ...state, help: state.help ?? { id: body, stage: "called", until: Infinity } }),
  "help-unheard": (state) => ({ ...state, help: state.help && { ...state.help, stage: "trying" } }),
  "public": (state, { body }) => ({ ...state, open: (body.tiles ?? []).filter((tile) => !tile.personal) }),
  "help-over": (state) => ({ ...state, help: null }),
};

function forget(state) {
  return { ...state, ...nobody(state.lowered), phase: "attract" };
}

/** Somebody who allows it came near or went; of several nobody is greeted until one of them taps. */
function noticed(state, { body }) {
  return { ...state, noticed: body.people === 1 ? { name: body.name ?? "", language: body.language ?? "" } : null };
}

/** A band is on the reader: whoever was shown makes place. */
function read(state, { age, now }) {
  if ((age ?? 0) > READING_AGE_MS_MAX) return state;
  return { ...forget(state), phase: "reading", until: now + READING_MS_MAX };
}

function greeted(state, { body, age, now }) {
  const id = `${body.tap_id}/${body.at_ms}`;
  if (state.seen.includes(id)) return state;
  const known = { ...state, seen: [...state.seen, id].slice(-SEEN_MAX) };
  if ((age ?? 0) > PLAN_AGE_MS_MAX) return known;
  const welcome = (body.family ?? "go") === "go";
  const hold = welcome ? IDLE_MS_MAX : HOLD_MS[body.family];
  return { ...known, ...nobody(state.lowered), phase: welcome ? "plan" : "verdict", plan: body, until: now + hold };
}

/** Whether what was asked for still belongs to who stands here. */
function shows(state, body) {
  return PERSONAL.includes(state.phase) && body?.tap_id === state.plan?.tap_id;
}

function back(state, now) {
  return { ...state, phase: "plan", mine: null, card: null, claim: "", times: null, shelves: null, offer: "", taken: null, note: "", until: now + IDLE_MS_MAX };
}

function touched(state, { now }) {
  if (state.phase !== "warning" && !PERSONAL.includes(state.phase)) return state;
  return { ...state, phase: state.phase === "warning" ? "plan" : state.phase, until: now + IDLE_MS_MAX };
}

function helped(state, { body, now }) {
  if (body.acknowledged) return { ...state, help: { id: body.id, stage: "coming", until: now + COMING_MS } };
  return { ...state, help: { id: body.id, stage: body.escalated ? "trying" : "called", until: Infinity } };
}

/** Let time and the state of the world have the last word. */
function settle(state, now) {
  const help = state.help && now < state.help.until ? state.help : null;
  const told = { ...state, help, slide: Math.floor(now / SLIDE_MS) % SLIDES };
  if (!told.live) return { ...told, ...nobody(told.lowered), noticed: null, phase: "stale" };
  if (told.out) return { ...told, ...nobody(told.lowered), noticed: null, phase: "out" };
  if (["stale", "out"].includes(told.phase)) return forget(told);
  if (now < told.until || told.until === 0) return told;
  // What is known of a guest does not come back with a touch: it asks for the band again.
  if (PERSONAL.includes(told.phase)) return { ...told, mine: null, card: null, claim: "", times: null, shelves: null, offer: "", taken: null, face: 0, phase: "warning", until: told.until + WARNING_MS };
  return forget(told);
}

/** Return how many seconds the question still stands. */
export function secondsLeft(state, now) {
  return Math.max(0, Math.ceil((state.until - now) / 1000));
}

/** Return where an item of the plan stands at a moment of the site's clock. */
export function standing(item, now_ms) {
  if (item.used && !(item.uses_left > 0)) return "used";
  if (item.start_ms == null) return "any";
  if (now_ms < item.start_ms) return "next";
  return item.end_ms == null || now_ms < item.end_ms ? "now" : "used";
}

/** Return the plan in the order in which a guest meets it: now, next, any time, done. */
export function ordered(items, now_ms) {
  const rank = { now: 0, next: 1, any: 2, used: 3 };
  const key = (item) => [rank[standing(item, now_ms)], item.start_ms ?? 0];
  return [...items].sort((a, b) => key(a)[0] - key(b)[0] || key(a)[1] - key(b)[1]);
}
