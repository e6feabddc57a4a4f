/** The staff page of one gate: hears, reduces, paints; acts go to the service and come back as events. */

import { part, ring } from "./ring.js";
import { act, ago, askReason, at, busy, button, by, fill, number, page, paintAlerts, paintPills, place, speak, whyNot } from "./desk.js";
import { LookUp } from "./look_up.js";
import { actsOn, begin, current, GROUPS, people, reduce } from "./staff_state.js";
import { openStream } from "./stream.js";

const FREE = ["mistake", "not_passed", "guest_asked"];
const OVERRIDES = ["ticket_seen", "reader_fault", "wrong_denial", "accessibility", "lost_child", "goodwill", "staff_errand", "emergency"];
let state = begin();

function hear(event) {
  state = reduce(state, { ...event, busy: busy() });
  paint();
}

function paint() {
  paintPills(by("pills"), state, page.point.id);
  paintAlerts(by("alerts"), state, { resume: () => stream.resume(), go: (call) => settle(act(`/api/v1/staff/help/${call.id}`, {}), "help") });
  paintNow();
  paintTaps();
  paintCounts();
  lookUp?.paint(state);
}

/** The large panel. */
function paintNow() {
  const view = current(state);
  const key = JSON.stringify([view, Boolean(state.would), state.link]);
  if (by("now").dataset.key === key) return;
  by("now").dataset.key = key;
  by("now").className = `verdict ${view ? GROUPS[view.family] : "neutral"}`;
  by("now").toggleAttribute("data-idle", !view);
  fill(by("now"), ...(view ? verdict(view) : idle()));
  fill(by("acts"), ...(view && !state.would ? acts(view) : []));
}

function idle() {
  const line = part("div", "words");
  line.append(part("p", "headline", speak("staff.idle")), part("p", "", speak("staff.idle_line")));
  return [ring("idle"), line];
}

function verdict(view) {
  const lines = part("div", "words");
  if (state.would) lines.append(part("p", "would", speak("staff.would")));
  lines.append(part("p", "headline", sentence(view)), part("p", "guest", who(view)));
  for (const line of [first(view), next(view), view.attention && `${speak("staff.attention")}: ${view.attention}`, notes(view)]) {
    if (line) lines.append(part("p", "", line));
  }
  lines.append(part("p", "facts", facts(view)));
  return [ring(view.family), lines];
}

const sentence = (view) => speak(`reason.${view.reason}.staff`);

function who(view) {
  const people = view.people > 1 ? speak("common.people", { count: view.people }) : "";
  const product = page.products[view.product] ?? view.product;
  return [view.name || speak("staff.guest_unknown"), product, view.tier, people].filter(Boolean).join(" · ");
}

function first(view) {
  if (!view.first) return "";
  const { point, at_ms } = view.first;
  return speak("staff.first", { place: place(point), time: at(at_ms), ago: ago(at_ms, view.at_ms) });
}

function next({ next: what }) {
  if (!what || what.act === "go_on" || what.act === "see_staff") return "";
  if (what.at_ms) return speak("act.come_back_at", { time: at(what.at_ms) });
  if (what.place && ["go_to", "exit_first"].includes(what.act)) return speak(`act.${what.act}_place`, { place: place(what.place) });
  return speak(`act.${what.act}`);
}

function notes(view) {
  const also = [...(view.notes ?? []), ...(view.failures ?? []).slice(1).map((failure) => failure.reason)];
  return also.length ? `${speak("staff.also")}: ${[...new Set(also)].map((code) => speak(`reason.${code}.staff`)).join(" ")}` : "";
}

function facts(view) {
  return [
    at(view.at_ms),
    speak(view.direction === "out" ? "staff.out" : "staff.in"),
    view.band_short && speak("staff.band", { band: view.band_short }),
    typeof view.uses_left === "number" && speak("staff.uses_left", { n: view.uses_left }),
    view.basis === "stale" && speak("staff.basis_stale", { n: Math.round((view.age_ms ?? 0) / 60000) }),
    view.staff && speak("staff.by", { name: view.staff }),
    view.seq > 0 ? speak("staff.seq", { seq: view.seq }) : [speak("staff.not_written"), view.cause].filter(Boolean).join(": "),
    speak("staff.took", { ms: number(view.took_ms ?? 0, 1) }),
  ].filter(Boolean).join(" · ");
}

/** What can be done about a tap. */
function acts(view) {
  const may = actsOn(view, page.actions);
  const made = [];
  if (may.confirm) {
    made.push(part("p", "question", speak(`staff.confirm.${may.confirm}`)));
    made.push(button(speak("staff.confirm"), () => confirm(view, may.confirm, true), "primary big"));
    made.push(button(speak("staff.refuse"), () => confirm(view, may.confirm, false), "big"));
  }
  if (may.choose) made.push(part("p", "question", speak("staff.choose")));
  for (const choice of may.choose ?? []) {
    made.push(button(choice, () => settle(act("/api/v1/staff/again", { tap_id: view.tap_id, chosen: choice })), "big"));
  }
  if (may.override) made.push(button(speak("staff.override"), () => override(view), "big"));
  if (may.undo) made.push(button(speak("staff.undo"), () => undo(view), "big"));
  return made;
}

const confirm = (view, what, granted) => settle(act("/api/v1/staff/confirm", { tap_id: view.tap_id, what, granted }));

function override(view) {
  const doIt = (reason) => settle(act("/api/v1/staff/override", { tap_id: view.tap_id, reason }));
  askReason({ title: speak("staff.override_title"), why: OVERRIDES, closed: true, doIt });
}

function undo(view) {
  const doIt = (reason) => settle(act("/api/v1/staff/undo", { tap_id: view.tap_id, reason }));
  askReason({ title: speak("staff.undo_title"), why: FREE, doIt });
}

/** Wait for an act; take its answer in as a decision; say what became of it. Returns what is wrong, or nothing. */
async function settle(asked, type = "decision") {
  const answer = await asked;
  const wrong = answer.ok ? "" : whyNot(answer);
  by("said").textContent = wrong || speak("staff.done");
  if (answer.ok && ["decision", "help"].includes(type)) hear({ type, body: answer.body, age: 0 });
  return wrong;
}

/** The list: repainted only where something changed, so that focus stays where it is. */
function paintTaps() {
  const key = JSON.stringify([state.recent.map((view) => [view.tap_id, view.seq]), state.shown, state.would !== null]);
  if (by("taps").dataset.key === key) return;
  by("taps").dataset.key = key;
  const focused = document.activeElement?.dataset?.tap;
  fill(by("taps"), ...state.recent.map(tap));
  by("taps-empty").hidden = state.recent.length > 0;
  if (focused) by("taps").querySelector(`[data-tap="${CSS.escape(focused)}"]`)?.focus();
}

function tap(view) {
  const row = button("", () => hear({ type: "select", body: view.tap_id }), "tap");
  row.dataset.tap = view.tap_id;
  row.setAttribute("aria-pressed", String(state.shown === view.tap_id && !state.would));
  const sign = part("span", `sign ${GROUPS[view.family]}`);
  sign.append(ring(view.family));
  const words = part("span", "tap-words");
  words.append(part("span", "strong", view.name || speak("staff.guest_unknown")), part("span", "soft", sentence(view)));
  row.append(sign, words, part("time", "num", at(view.at_ms)));
  const item = part("li", "");
  item.append(row);
  return item;
}

function paintCounts() {
  const counts = state.counters;
  if (!counts) return;
  for (const kind of ["entered", "exited", "denied"]) {
    const [here, all] = people(counts[kind], page.point.id);
    by(`${kind}-here`).textContent = String(here);
    by(`${kind}-all`).textContent = String(all);
  }
  const zones = Object.entries(counts.inside ?? {}).map(([zone, n]) => {
    const row = part("li", "");
    row.append(part("span", "", `${speak("staff.inside")}: ${place(zone)}`), part("strong", "num", String(n)));
    return row;
  });
  fill(by("zones"), ...zones);
}

function correct() {
  const zone = part("select", "");
  zone.append(...page.zones.map((id) => Object.assign(part("option", "", place(id)), { value: id })));
  const delta = Object.assign(part("input", ""), { type: "number", min: "-1000", max: "1000", required: true });
  const labelled = (key, control) => {
    const label = part("label", "field", speak(key));
    label.append(control);
    return label;
  };
  const extra = [labelled("staff.zone", zone), labelled("staff.delta", delta)];
  const doIt = (reason) => settle(act("/api/v1/staff/count", { zone: zone.value, delta: Number(delta.value), reason }), "count");
  askReason({ title: speak("staff.correct_title"), why: ["counted", "mistake"], extra, doIt });
}

const lookUp = by("look") ? new LookUp({ hear, settle }) : null;
by("correct")?.addEventListener("click", correct);
const stream = openStream({
  topics: [`staff-${page.point.id}`, "help", "devices"],
  onEvent: hear,
  onState: (link) => hear({ type: "link", body: link }),
  busy,
});
paint();
