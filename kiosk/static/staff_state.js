/** What the staff page knows, as one pure function of what it has heard. */

import { withAsk } from "./asks_state.js";

export const TAPS_MAX = 20;
export const FRESH_MS = 6000;
export const AMBER_MS = 60000;
export const RED_MS = 300000;

/** Colour group of each family on the staff's side. */
export const GROUPS = { go: "allow", ask: "attend", wait: "attend", staff: "attend", used: "deny", stop: "deny", again: "neutral" };

/** What staff confirm at a tap, by its reason. */
const CONFIRMS = { confirm_required: "passage", height_confirm: "height", age_confirm: "age", trust_too_low: "trust", unconfirmed_offline: "passage" };
/** What no supervisor may lift: proofs that are wrong, and safety. */
const NEVER = ["band_not_authentic", "tap_replayed", "device_revoked", "height_min", "band_read_error"];

/** @typedef {{seq: number, tap_id: string, family: string, outcome: string, reason: string, at_ms: number}} View */

export function begin() {
  return { link: "connecting", health: null, recent: [], shown: null, would: null, counters: null, help: [], alarms: [], asks: [], found: null, now_ms: 0 };
}

/**
 * @param {ReturnType<typeof begin>} state
 * @param {{type: string, body?: any, age?: number, busy?: boolean}} event
 */
export function reduce(state, event) {
  const { type, body } = event;
  switch (type) {
    case "hello": case "hb": return { ...state, now_ms: body.at_ms };
    case "resync": return resynced(state, body);
    case "decision": return decided(state, event);
    case "counters": return { ...state, counters: body };
    case "health": return { ...state, health: body, now_ms: body.at_ms };
    case "devices": return { ...state, health: withDevice(state.health, body) };
    case "approval": return { ...state, asks: withAsk(state.asks, body) };
    case "alarm": return { ...state, alarms: withAlarm(state.alarms, body) };
    case "help": return { ...state, help: withCall(state.help, body) };
    case "select": return { ...state, shown: body, would: null };
    case "would": return { ...state, would: body };
    case "found": return { ...state, found: body };
    case "link": return linked(state, body);
    default: return state;
  }
}

function resynced(state, body) {
  const recent = body.recent.slice(0, TAPS_MAX);
  const shown = recent.some((view) => view.tap_id === state.shown) ? state.shown : null;
  return { ...state, recent, shown, counters: body.counters, help: open(body.help), alarms: body.alarms ?? [], asks: body.approvals ?? [], health: body.health, now_ms: body.at_ms };
}

/** A tap that is known already (confirmed, undone, let pass) takes the place of its older form. */
function decided(state, { body, age = 0, busy = false }) {
  const older = state.recent.find((view) => view.tap_id === body.tap_id);
  if (older && older.seq >= body.seq && body.seq > 0) return state;
  const recent = older
    ? state.recent.map((view) => (view === older ? body : view))
    : [body, ...state.recent].sort((a, b) => b.at_ms - a.at_ms).slice(0, TAPS_MAX);
  const pre_empts = age < FRESH_MS && !busy && (!older || state.shown === body.tap_id);
  return { ...state, recent, shown: pre_empts ? body.tap_id : state.shown, would: pre_empts ? null : state.would };
}

function withDevice(health, device) {
  if (!health) return health;
  const others = (health.devices ?? []).filter((known) => known.device !== device.device);
  return { ...health, devices: [...others, device].sort((a, b) => a.device.localeCompare(b.device)) };
}

/** Alarms that nobody has seen yet, the last one first. */
function withAlarm(alarms, alarm) {
  const others = alarms.filter((known) => known.id !== alarm.id);
  return alarm.acknowledged_ms ? others : [alarm, ...others].sort((a, b) => b.last_ms - a.last_ms);
}

function withCall(help, call) {
  return open([...help.filter((known) => known.id !== call.id), call]);
}

function open(help) {
  return help.filter((call) => !call.acknowledged_ms).sort((a, b) => a.at_ms - b.at_ms);
}

/** Without contact nothing personal stays on the page. */
function linked(state, link) {
  if (link !== "stale") return { ...state, link };
  return { ...begin(), link, health: state.health, counters: state.counters };
}

/** The view in the large panel: a check, the chosen tap, or none. */
export function current(state) {
  return state.would ?? state.recent.find((view) => view.tap_id === state.shown) ?? null;
}

/** How old the news from central is, as a colour. @returns {"good"|"aging"|"aged"} */
export function syncColour(health) {
  const age = health?.sync_age_ms;
  if (age === null || age === undefined || age >= RED_MS) return "aged";
  return age >= AMBER_MS ? "aging" : "good";
}

/** A reader that is looked for again is not there: only what works is green. */
export function deviceColour({ state }) {
  return ["lost", "closed"].includes(state) ? "aged" : ["degraded", "opening"].includes(state) ? "aging" : "good";
}

/** What staff may do about a view now. @param {string[]} actions @returns {{confirm?: string, choose?: string[], override?: boolean, ask?: boolean, undo?: boolean}} */
export function actsOn(view, actions) {
  if (!view || view.seq <= 0) return {};
  const may = (action) => actions.includes(action);
  const what = view.outcome === "referred" ? CONFIRMS[view.reason] : undefined;
  return {
    confirm: what && may("confirm") ? what : undefined,
    choose: view.reason === "choose_entitlement" && may("confirm") ? view.choices : undefined,
    override: liftable(view) && may("override"),
    ask: liftable(view) && may("ask_override") && !may("override"),
    undo: view.outcome === "granted" && ["entered", "exited", "overridden"].includes(view.reason) && may("undo_here"),
  };
}

const liftable = (view) => view.outcome !== "granted" && !NEVER.includes(view.reason);

/** What staff call each right to choose from: its product; two of one product are told apart by the end of their ids. */
export function choiceNames(view, choices, products) {
  const names = choices.map((choice, i) => products[view.choice_products?.[i]] || view.choice_products?.[i] || choice);
  const twice = (name) => names.indexOf(name) !== names.lastIndexOf(name);
  return choices.map((choice, i) => [choice, twice(names[i]) ? `${names[i]} · ${choice.slice(-4)}` : names[i]]);
}

/** People of one point and of all: ``[here, all]``. */
export function people(counts, point) {
  const all = Object.values(counts ?? {}).reduce((sum, n) => sum + n, 0);
  return [counts?.[point] ?? 0, all];
}

/**
 * What an alarm says: where, which band, why, how often; two places where central saw one band in two hands.
 * One about the site's book names neither band nor place.
 */
export function alarmWords(one, speak, place) {
  if (one.reason === "site_book_went_back") return speak("staff.alarm_site_book");
  const told = { place: place(one.point), band: one.band_short ?? "", why: speak(`reason.${one.reason}.staff`) };
  const words = one.elsewhere ? speak("staff.alarm_elsewhere", { ...told, other: place(one.elsewhere) }) : speak("staff.alarm", told);
  return one.times > 1 ? `${words} ${speak("staff.alarm_times", { n: one.times })}` : words;
}
