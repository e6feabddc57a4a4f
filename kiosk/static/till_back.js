/** What is given back or taken later at a till: earlier payments whole or by line, and what was set aside. */

import { part } from "./ring.js";
import { act, askReason, at, button, by, page, speak, whyNot } from "./desk.js";
import { picker } from "./till_pieces.js";
import { money, nameOf, until } from "./till_view.js";

const may = (action) => page.actions.includes(action);

export class Back {
  /** @param {{room: string, freshOp: () => string, ask: Function, hear: (basket: any) => void, stands: (op_id: string) => boolean, bill: () => any, drawer: any}} till */
  constructor(till) {
    this.till = till;
  }

  async payments() {
    const answer = await act(`${this.till.room}/payments`, {});
    const rows = (answer.body?.payments ?? []).map((one) => this.payment(one));
    this.till.drawer.sheet(speak("till.menu.payments"), ...(rows.length ? rows : [part("p", "soft", speak("till.no_payments"))]));
  }

  payment(one) {
    const { drawer } = this.till;
    const sold = one.state === "approved";
    const part_back = one.voided_minor ? speak("till.voided_part", { amount: money(one.voided_minor) }) : "";
    const asked = one.refund_asked_minor ? speak("till.refund_part", { amount: money(one.refund_asked_minor) }) : "";
    const acts = [
      ["receipt", true, () => drawer.print(one.op_id)],
      ["phone", true, () => drawer.toPhone(one.op_id)],
      ["void", sold && may("void"), () => this.voidIt(one)],
      ["lines", sold && may("void"), () => this.voidIt(one, { lines: true })],
      ["refund", sold && may("refund"), () => this.refund(one.op_id)],
      ...(one.slips ?? []).map((slip) => [`slip_${slip.kind}`, true, () => drawer.offer(speak(`till.act.slip_${slip.kind}`), slip.id)]),
    ];
    return row([at(one.at_ms), money(one.total_minor), names(one), [part_back, asked].filter(Boolean).join(" · ")], acts);
  }

  /** Take a payment back: all that is left of it, or single lines; the same press twice is one void. */
  voidIt(one, { lines = false } = {}) {
    const back_id = this.till.freshOp();
    const picked = lines ? picker(one.lines ?? []) : null;
    const doIt = async (reason) => {
      if (picked && !picked.chosen().length) return speak("till.lines_none");
      const body = { op_id: one.op_id, back_id, reason, ...(picked ? { pieces: picked.chosen() } : {}) };
      return this.done(await act(`${this.till.room}/void`, body), speak("till.back_done"), () => this.payments());
    };
    const title = speak(lines ? "till.lines_title" : "till.void_title");
    askReason({ title, why: ["mistake", "guest_asked"], extra: picked ? [picked.element] : [], doIt });
  }

  refund(op_id) {
    const body = { op_id, back_id: this.till.freshOp() };
    const doIt = async (reason) => {
      const answer = await act(`${this.till.room}/refund`, { ...body, reason });
      if (answer.body?.kind === "SecondNeeded") return this.till.ask(`${this.till.room}/ask/refund`, { ...body, reason });
      return this.done(answer, speak("till.refund_asked"), () => this.payments());
    };
    askReason({ title: speak("till.refund_title"), why: ["mistake", "guest_asked"], doIt });
  }

  async holds() {
    const answer = await act(`${this.till.room}/holds`, {});
    const rows = (answer.body?.payments ?? []).map((one) => this.hold(one));
    this.till.drawer.sheet(speak("till.menu.holds"), ...(rows.length ? rows : [part("p", "soft", speak("till.no_holds"))]));
  }

  hold(one) {
    const bill = this.till.bill();
    const acts = [
      ["bill", bill && bill.total_minor <= held(one), () => this.capture(one, { bill: bill.op_id })],
      ["capture", true, () => this.capture(one)],
      ["less", true, () => this.less(one)],
      ["release", true, () => this.release(one)],
      ["slip_hold", true, () => this.till.drawer.offer(speak("till.act.slip_hold"), one.op_id)],
    ];
    return row([until(one.until_ms), money(held(one)), names(one), one.name ?? ""], acts);
  }

  /** Take what was set aside; without more words, all of it. */
  async capture(one, more = {}) {
    const answer = await act(`${this.till.room}/capture`, { op_id: one.op_id, ...more });
    return this.done(answer, speak("till.taken", { amount: money(answer.body?.total_minor) }), () => this.holds());
  }

  async release(one) {
    return this.done(await act(`${this.till.room}/give-up`, { op_id: one.op_id }), speak("till.released"), () => this.holds());
  }

  /** Less than was set aside: of its lines as many as are chosen, of a single piece a lower amount. */
  less(one) {
    const lines = one.lines ?? [];
    const line = speak("till.less_of", { amount: money(held(one)) });
    if (lines.length === 1 && lines[0].left === 1) {
      const doIt = (minor) => this.capture(one, { pieces: [{ line: 0, n: 1 }], minor });
      this.till.drawer.askAmount({ title: speak("till.less_title"), line, doIt });
      return;
    }
    const take = button("", async () => {
      const wrong = picked.chosen().length ? await this.capture(one, { pieces: picked.chosen() }) : speak("till.lines_none");
      by("sheet-wrong").textContent = wrong;
    }, "primary big");
    const told = (minor) => { take.textContent = speak("till.act.part", { amount: money(minor) }); };
    const picked = picker(lines, { told });
    const wrong = Object.assign(part("p", "wrong"), { id: "sheet-wrong" });
    wrong.setAttribute("role", "alert");
    this.till.drawer.sheet(speak("till.lines_keep"), part("p", "soft", line), picked.element, wrong, take);
  }

  /** Say what became of it; where another bill stands at the till, show the list again. Returns what was wrong. */
  done(answer, said, list) {
    this.till.drawer.demand(answer);
    if (!answer.ok) return (by("said").textContent = whyNot(answer));
    const shown = this.till.stands(answer.body.op_id) || answer.body.state === "approved" && !this.till.bill();
    if (shown) {
      by("sheet").close();
      this.till.hear(answer.body);
    } else list();
    by("said").textContent = said;
    return "";
  }
}

const names = (one) => (one.lines ?? []).map(nameOf).join(", ");
const held = (one) => (one.legs ?? []).reduce((minor, leg) => minor + leg.amount_minor, 0);

function row([when, amount, what, how], acts) {
  const made = part("article", "payment");
  const keys = part("div", "payment-acts");
  keys.append(...acts.filter(([, shown]) => shown).map(([name, , doIt]) => {
    const key = button(speak(`till.act.${name}`), doIt);
    key.dataset.act = name;
    return key;
  }));
  made.append(part("span", "num", when), part("span", "strong num", amount), part("span", "soft", what), part("span", "soft", how), keys);
  return made;
}
