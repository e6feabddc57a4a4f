/** Requests on the staff page: a colleague's waits for yes or no, one's own for somebody else's badge and PIN. */

import { part, ring } from "./ring.js";
import { act, at, button, by, fill, page, place, speak, whyNot } from "./desk.js";
import { answersTo, outcome, waiting } from "./asks_state.js";

const ROOM = "/api/v1/staff/approvals/";
const KNOWN = ["ticket_seen", "reader_fault", "wrong_denial", "accessibility", "lost_child", "goodwill", "staff_errand", "emergency", "mistake", "guest_asked"];

export class Asks {
  /** @param {{hear: (event: any) => void}} desk */
  constructor(desk) {
    this.desk = desk;
    this.badge = "";
    by("second-pad").addEventListener("pin", (event) => this.second(event.detail));
    by("second-who").addEventListener("input", () => { this.badge = ""; });
    by("second-cancel").onclick = () => this.close();
    by("second").addEventListener("close", () => this.forget());
  }

  /** Ask for a second person; the answer comes as an event. Returns what is wrong, or nothing. */
  async ask(address, body) {
    return this.take(await act(address, body), "staff.ask.sent");
  }

  /** Hear what concerns requests: their own events, and a badge at the reader while the dialog stands open. */
  heard({ type, body, age = 0 }) {
    if (type === "approval") {
      const said = outcome(body, page.person);
      if (said) by("said").textContent = speak(said, { name: body.settled_by ?? "" });
      if (this.request?.id === body.id && body.stage !== "open") this.close();
    }
    if (type === "decision" && body.wearer && age < 6000 && by("second").open) {
      this.badge = body.wearer;
      by("second-who").value = "";
      by("second-badge").textContent = speak("sign_in.badge_read");
      by("second-pad").focus();
    }
  }

  paint({ asks, now_ms, link }) {
    const open = link === "stale" ? [] : waiting(asks, now_ms);
    const key = JSON.stringify(open);
    if (by("asks").dataset.key === key) return;
    by("asks").dataset.key = key;
    fill(by("asks"), ...open.map((one) => this.card(one)));
  }

  card(one) {
    const { mine, answer, here } = answersTo(one, page.person, page.actions);
    const made = part("article", `request${mine ? " mine" : ""}`);
    const words = part("div", "request-words");
    words.append(
      part("p", "strong", mine ? speak("staff.ask.waiting") : sentence(one)),
      part("p", "", [mine ? sentence(one) : "", why(one), speak("staff.ask.until", { time: at(one.until_ms) })].filter(Boolean).join(" · ")),
    );
    const acts = part("div", "row");
    if (answer) {
      acts.append(button(speak("staff.ask.yes"), () => this.answer(one, true), "primary big"));
      acts.append(button(speak("staff.ask.no"), () => this.answer(one, false), "big"));
    }
    if (here) {
      acts.append(button(speak("staff.ask.here"), () => this.open(one), "big"));
      acts.append(button(speak("staff.ask.back"), () => this.withdraw(one), "big quiet"));
    }
    made.append(ring(mine ? "wait" : "ask"), words, acts);
    return made;
  }

  async answer(one, granted) {
    this.take(await act(ROOM + one.id, { granted }), granted ? "staff.ask.given" : "staff.ask.declined");
  }

  async withdraw(one) {
    this.take(await act(`${ROOM}${one.id}/withdraw`, {}), "staff.ask.withdrawn");
  }

  open(one) {
    this.request = one;
    by("second-what").textContent = [sentence(one), why(one)].join(" · ");
    by("second").showModal();
    by("second-who").focus();
  }

  async second(pin) {
    const who = this.badge || by("second-who").value.trim();
    by("second-wrong").textContent = "";
    if (!who) {
      by("second-wrong").textContent = speak("sign_in.name_first");
      by("second-who").focus();
      return;
    }
    const answer = await act(`${ROOM}${this.request.id}/second`, { who, pin });
    by("second-pad").clear();
    if (answer.ok) {
      this.desk.hear({ type: "approval", body: answer.body });
      this.close();
    } else {
      const known = { WrongPin: "sign_in.wrong", Paused: "sign_in.paused" }[answer.body?.kind];
      by("second-wrong").textContent = known ? speak(known) : whyNot(answer);
    }
  }

  close() {
    if (by("second").open) by("second").close();
  }

  /** Nothing typed or read outlives the dialog. */
  forget() {
    this.badge = "";
    this.request = null;
    by("second-who").value = "";
    by("second-badge").textContent = speak("sign_in.badge");
    by("second-wrong").textContent = "";
    by("second-pad").clear();
  }

  take(answer, said) {
    const wrong = answer.ok ? "" : whyNot(answer);
    by("said").textContent = wrong || speak(said);
    if (answer.ok) this.desk.hear({ type: "approval", body: answer.body });
    return wrong;
  }
}

function sentence(one) {
  const name = one.name || (one.band_short ? speak("staff.band", { band: one.band_short }) : speak("staff.guest_unknown"));
  return speak(`staff.ask.${one.kind}`, { who: one.asker, name, place: place(one.point), amount: amount(one) });
}

function why(one) {
  return KNOWN.includes(one.reason) ? speak(`staff.why.${one.reason}`) : one.reason;
}

function amount({ amount_minor = 0, currency }) {
  if (!currency) return "";
  const money = new Intl.NumberFormat(page.language, { style: "currency", currency });
  return money.format(amount_minor / 10 ** money.resolvedOptions().maximumFractionDigits);
}
