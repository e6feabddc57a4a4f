/** The staff page of one gate: hears, reduces, paints; acts go to the service and come back as events. */

import { part, ring } from "./ring.js";
import { act, askReason, at, busy, button, by, fill, page, paintAlerts, paintPills, place, speak, whyNot } from "./desk.js";
import { Asks } from "./asks.js";
import { LookUp } from "./look_up.js";
import { Expected } from "./staff_expected.js";
import { Offers } from "./staff_offers.js";
import { Orders } from "./staff_orders.js";
import { actsOn, begin, choiceNames, current, GROUPS, people, reduce } from "./staff_state.js";
import { panel, sentence } from "./staff_view.js";
import { openStream } from "./stream.js";

const ASK = "/api/v1/staff/ask/override";
const FREE = ["mistake", "not_passed", "guest_asked"];
const OVERRIDES = ["ticket_seen", "reader_fault", "wrong_denial", "accessibility", "lost_child", "goodwill", "staff_errand", "emergency"];
let state = begin();

function hear(event) {
  state = reduce(state, { ...event, busy: busy() });
  asks.heard(event);
  orders?.heard(event);
  offers?.heard(event);
  expected?.heard(event);
  paint();
}

function paint() {
  paintPills(by("pills"), state, page.point.id);
  paintAlerts(by("alerts"), state, { resume: () => stream.resume(), go: (call) => settle(act(`/api/v1/staff/help/${call.id}`, {}), "help"), seen: (one) => settle(act(`/api/v1/staff/alarm/${one.id}`, {}), "alarm") });
  asks.paint(state);
  paintNow();
  paintTaps();
  paintCounts();
  lookUp?.paint(state);
  orders?.paint(state);
  expected?.paint(state);
}

/** The large panel. */
function paintNow() {
  const view = current(state);
  const key = JSON.stringify([view, Boolean(state.would), state.link]);
  if (by("now").dataset.key === key) return;
  by("now").dataset.key = key;
  by("now").className = `verdict ${view ? GROUPS[view.family] : "neutral"}`;
  by("now").toggleAttribute("data-idle", !view);
  fill(by("now"), ...(view ? panel(view, Boolean(state.would)) : idle()));
  fill(by("acts"), ...(view && !state.would ? acts(view) : []));
}

function idle() {
  const line = part("div", "words");
  line.append(part("p", "headline", speak("staff.idle")), part("p", "", speak("staff.idle_line")));
  return [ring("idle"), line];
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
  for (const [choice, name] of choiceNames(view, may.choose ?? [], page.products)) {
    made.push(button(name, () => settle(act("/api/v1/staff/again", { tap_id: view.tap_id, chosen: choice })), "big"));
  }
  if (may.override) made.push(button(speak("staff.override"), () => override(view), "big"));
  if (may.ask) made.push(button(speak("staff.ask_pass"), () => askToPass(view), "big"));
  if (may.undo) made.push(button(speak("staff.undo"), () => undo(view), "big"));
  return made;
}

const confirm = (view, what, granted) => settle(act("/api/v1/staff/confirm", { tap_id: view.tap_id, what, granted }));

function override(view) {
  const doIt = async (reason) => {
    const answer = await act("/api/v1/staff/override", { tap_id: view.tap_id, reason });
    // As many as one person answers for alone: the same words go to somebody else.
    if (answer.body?.kind === "SecondNeeded") return asks.ask(ASK, { tap_id: view.tap_id, reason });
    return settle(answer);
  };
  askReason({ title: speak("staff.override_title"), why: OVERRIDES, closed: true, doIt });
}

function askToPass(view) {
  const doIt = (reason) => asks.ask(ASK, { tap_id: view.tap_id, reason });
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
  if (answer.ok && ["decision", "help", "alarm"].includes(type)) hear({ type, body: answer.body, age: 0 });
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

const asks = new Asks({ hear });
const expected = by("expected") ? new Expected() : null;
const offers = by("offers") ? new Offers() : null;
const orders = by("orders") ? new Orders() : null;
const lookUp = by("look") ? new LookUp({ hear, settle, ask: (address, body) => asks.ask(address, body), last: () => state.recent }) : null;
by("correct")?.addEventListener("click", correct);
const stream = openStream({
  topics: [`staff-${page.point.id}`, "help", "alarms", "devices", ...(page.actions.includes("approve") ? ["approvals"] : []), ...(expected ? ["presence"] : [])],
  onEvent: hear,
  onState: (link) => hear({ type: "link", body: link }),
  busy,
});
paint();
orders?.begin();
offers?.look();
expected?.begin(() => state);
