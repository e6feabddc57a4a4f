/** What is given back or taken later at a till: earlier payments whole or by line, and what was set aside. */

import { part } from "./ring.js";
import { act, askReason, at, button, by, page, speak, whyNot } from "./desk.js";
import { picker } from "./till_pieces.js";
import { lasting, money, nameOf, until } from "./till_view.js";

const HOUR = 60, DAY = 24 * HOUR;
const HOLD_MINUTES = [HOUR, 4 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY];

const may = (action) => page.actions.includes(action);

export class Back {
  /** @param {{room: string, freshOp: () => string, ask: Function, hear: (basket: any) => void, stands: (op_id: string) => boolean, bill: () => any, hold: (minutes: number) => Promise<unknown>, drawer: any}} till */
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
      ["void", sold && may("void"), () => this.takeBack(one, "void")],
      ["lines", sold && may("void"), () => this.takeBack(one, "void", { lines: true })],
      ["refund", sold && may("refund"), () => this.takeBack(one, "refund")],
      ["refund_lines", sold && may("refund"), () => this.takeBack(one, "refund", { lines: true })],
      ...(one.slips ?? []).map((slip) => [`slip_${slip.kind}`, true, () => drawer.offer(speak(`till.act.slip_${slip.kind}`), slip.id)]),
    ];
    return row([at(one.at_ms), money(one.total_minor), names(one), [part_back, asked].filter(Boolean).join(" · ")], acts);
  }

  /** Take a payment back, or ask central to: all that is left of it, or single lines; the same press twice is one act. */
  takeBack(one, way, { lines = false } = {}) {
    const begun = { op_id: one.op_id, back_id: this.till.freshOp() };
    const picked = lines ? picker(one.lines ?? []) : null;
    const doIt = async (reason) => {
      if (picked && !picked.chosen().length) return speak("till.lines_none");
      const body = { ...begun, reason, ...(picked ? { pieces: picked.chosen() } : {}) };
      const answer = await act(`${this.till.room}/${way}`, body);
      if (answer.body?.kind === "SecondNeeded") return this.till.ask(`${this.till.room}/ask/${way}`, body);
      return this.done(answer, speak(`till.${way}_done`), () => this.payments());
    };
    const title = speak(`till.${way}${lines ? "_lines" : ""}_title`);
    askReason({ title, why: ["mistake", "guest_asked"], extra: picked ? [picked.element] : [], doIt });
  }

  /** For how long the next band sets it aside: a day, unless somebody says otherwise. */
  howLong(basket) {
    const keys = HOLD_MINUTES.map((minutes) => {
      const key = button(lasting(minutes), async () => {
        by("sheet").close();
        await this.till.hold(minutes);
      }, "big");
      key.setAttribute("aria-pressed", String(minutes === basket.hold_minutes));
      return key;
    });
    const menu = part("div", "menu");
    menu.append(...keys);
    this.till.drawer.sheet(speak("till.hold_title"), menu);
    (menu.querySelector("[aria-pressed=true]") ?? keys[0]).focus();
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
