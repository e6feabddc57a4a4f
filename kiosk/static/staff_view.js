/** A tap in the words of staff: what was decided, about whom, and what stands behind it. */

import { part, ring } from "./ring.js";
import { ago, at, number, page, place, speak } from "./desk.js";

/** The one sentence of a tap. */
export const sentence = (view) => speak(`reason.${view.reason}.staff`);

/** What fills the large panel: the ring of the family, and the lines. `would` says that nothing happened. */
export function panel(view, would = false) {
  const lines = part("div", "words");
  if (would) lines.append(part("p", "would", speak("staff.would")));
  lines.append(part("p", "headline", sentence(view)), part("p", "guest", who(view)));
  for (const line of [first(view), next(view), view.attention && `${speak("staff.attention")}: ${view.attention}`, notes(view)]) {
    if (line) lines.append(part("p", "", line));
  }
  lines.append(part("p", "facts", facts(view)));
  return [ring(view.family), lines];
}

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
  if (what.at_ms) return speak(what.act === "change_time" ? "act.change_time_at" : "act.come_back_at", { time: at(what.at_ms) });
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
    view.basis === "live" && speak("staff.basis_live"),
    view.basis === "stale" && speak("staff.basis_stale", { n: Math.round((view.age_ms ?? 0) / 60000) }),
    view.staff && speak("staff.by", { name: view.staff }),
    view.seq > 0 ? speak("staff.seq", { seq: view.seq }) : [speak("staff.not_written"), view.cause].filter(Boolean).join(": "),
    speak("staff.took", { ms: number(view.took_ms ?? 0, 1) }),
  ].filter(Boolean).join(" · ");
}
