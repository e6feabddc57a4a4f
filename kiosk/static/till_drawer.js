/** What a till does beside the basket: receipts, cash for wallets, the drawer and its shift. */

import { part, ring } from "./ring.js";
import { act, at, askReason, busy, button, by, fill, page, speak, whyNot } from "./desk.js";
import { money, pair } from "./till_view.js";
import { newOp } from "./post.js";
import { minorIn } from "./till_state.js";

const DIGITS = new Intl.NumberFormat("en", { style: "currency", currency: page.currency }).resolvedOptions().maximumFractionDigits;

export class Drawer {
  /** @param {{room: string, freshOp: () => string, back: () => any, ask: Function, cash: Function}} till */
  constructor(till) {
    this.till = till;
    this.shift = page.shift;
    /** What was counted when this drawer was closed last: the float of the next shift, most often. */
    this.counted = page.shift.last?.[7] ?? null;
    by("amount-cancel").onclick = () => by("amount").close();
  }

  /** Ask for an amount, then act with it; the sentence that comes back says what is wrong. */
  askAmount({ title, line = "", begin = null, doIt }) {
    by("amount-title").textContent = title;
    by("amount-line").textContent = line;
    by("amount-wrong").textContent = "";
    by("amount-text").value = begin === null ? "" : (begin / 10 ** DIGITS).toFixed(DIGITS);
    by("amount").querySelector("form").onsubmit = async (event) => {
      event.preventDefault();
      const minor = minorIn(by("amount-text").value, DIGITS);
      if (minor === null) {
        by("amount-wrong").textContent = speak("till.no_amount");
        return;
      }
      by("amount-do").disabled = true;
      const wrong = await doIt(minor);
      by("amount-do").disabled = false;
      if (wrong) by("amount-wrong").textContent = wrong;
      else by("amount").close();
    };
    by("amount").showModal();
    by("amount-text").select();
  }

  sheet(title, ...body) {
    by("sheet-title").textContent = title;
    fill(by("sheet-body"), ...body);
    if (!by("sheet").open) by("sheet").showModal();
  }

  async print(op_id) {
    const answer = await act(`${this.till.room}/receipt`, { op_id });
    const { printed, copy = 0, fault = "" } = answer.body ?? {};
    // Enter goes on to the next sale; it never prints again.
    if (!busy()) by("find").focus();
    if (!answer.ok) by("said").textContent = whyNot(answer);
    else if (printed) by("said").textContent = speak(copy ? "till.printed_copy" : "till.printed", { number: copy });
    else {
      by("said").textContent = speak(`till.paper.${fault}`);
      await this.toPhone(op_id);
    }
  }

  /** Offer one slip: on paper, or to the guest's phone. */
  offer(title, id, ...told) {
    const acts = part("div", "menu");
    acts.append(button(speak("till.act.receipt"), () => this.print(id), "big"), button(speak("till.act.phone"), () => this.toPhone(id), "big"));
    this.sheet(title, ...told, acts);
  }

  /** A code for the guest's phone; it is good once. */
  async toPhone(op_id) {
    const answer = await act(`${this.till.room}/phone`, { op_id });
    if (!answer.ok) {
      by("said").textContent = whyNot(answer);
      return;
    }
    const picture = part("div", "code");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", speak("till.phone_code"));
    picture.append(new DOMParser().parseFromString(answer.body.svg, "image/svg+xml").documentElement);
    this.sheet(speak("till.act.phone"), picture, part("p", "soft", speak("till.phone_line")));
  }

  menu() {
    const may = (action) => page.actions.includes(action);
    const acts = [
      ["payments", true, () => this.till.back().payments()],
      ["holds", may("sell"), () => this.till.back().holds()],
      ["top_up", may("top_up"), () => this.topUp()],
      ["cash_out", may("cash_out"), () => this.cashOut()],
      ["open_shift", may("open_shift") && !this.shift.open, () => this.openShift()],
      ["move_cash", may("move_cash") && this.shift.open, () => this.moveCash()],
      ["report", this.shift.open, () => this.report()],
      ["close_shift", may("close_shift") && this.shift.open, () => this.closeShift()],
      ["drawer", may("open_shift"), () => this.openDrawer()],
    ];
    const made = acts.filter(([, shown]) => shown).map(([name, , doIt]) => button(speak(`till.menu.${name}`), () => { by("sheet").close(); doIt(); }, "big"));
    const who = this.shift.open ? speak("till.shift_of", { name: this.shift.name ?? "", time: at(this.shift.opened_ms) }) : speak("till.shift_none");
    const grid = part("div", "menu");
    grid.append(...made);
    this.sheet(speak("till.more"), part("p", "soft", who), grid);
  }

  topUp() {
    this.askAmount({ title: speak("till.menu.top_up"), line: speak("till.top_up_line"), doIt: (minor) => this.cash("top-up", { minor }) });
  }

  cashOut() {
    this.cash("cash-out", {});
  }

  async cash(name, more) {
    const answer = await act(`${this.till.room}/${name}`, { op_id: `c-${this.till.freshOp().slice(2)}`, ...more });
    if (answer.ok) this.till.cash(answer.body);
    by("said").textContent = answer.ok ? "" : whyNot(answer);
    this.demand(answer);
    return answer.ok ? "" : by("said").textContent;
  }

  panel(view) {
    const words = part("div", "state-words");
    const done = view.state === "approved";
    const left = view.ready_here_minor ? speak("till.left_here", { amount: money(view.ready_here_minor) }) : "";
    const after = done || !view.reason ? left : speak(`reason.${view.reason}.staff`);
    words.append(part("p", "state-word", speak(view.words || "pay.top_up.await_tap")), part("p", "state-line", [view.amount_minor ? money(view.amount_minor) : "", view.name, after].filter(Boolean).join(" · ")));
    return [ring(done ? "go" : view.state === "declined" ? "staff" : "reading"), words];
  }

  cashActs(view) {
    const over = ["approved", "given_up"].includes(view.state);
    const end = async () => {
      if (!over) await act(`${this.till.room}/give-up-cash`, { op_id: view.op_id });
      this.till.cash(null);
    };
    const acts = [[over ? "next" : "back", end, "primary big"]];
    if (view.state === "approved") acts.push(["receipt", () => this.print(view.op_id), "big"], ["phone", () => this.toPhone(view.op_id), "big"]);
    return acts.map(([name, doIt, look]) => {
      const made = button(speak(name === "back" ? "staff.cancel" : `till.act.${name}`), doIt, look);
      made.dataset.act = name;
      return made;
    });
  }

  /** Where the edge says that no shift is open, offer to open one at once. */
  demand(answer) {
    if (answer.body?.kind !== "NoShift") return;
    this.shift = { ...this.shift, open: false };
    if (page.actions.includes("open_shift") && !by("amount").open) this.openShift();
  }

  openShift() {
    this.askAmount({ title: speak("till.menu.open_shift"), line: speak("till.count_float"), begin: this.counted, doIt: (minor) => this.onShift("open", { minor }) });
  }

  async onShift(name, body) {
    const answer = await act(`${this.till.room}/shift/${name}`, body);
    if (!answer.ok) return whyNot(answer);
    if (name === "open") this.shift = answer.body;
    by("said").textContent = speak("staff.done");
    return "";
  }

  closeShift() {
    const op = newOp();
    this.askAmount({ title: speak("till.menu.close_shift"), line: speak("till.count_end"), doIt: async (minor) => this.closed({ op, minor }) });
  }

  /** A difference is told with its reason, never smoothed. */
  async closed(count) {
    const answer = await act(`${this.till.room}/shift/close`, count);
    if (answer.body?.kind === "DiffersFromExpected") {
      by("amount").close();
      askReason({ title: speak("till.differs"), why: ["counted", "mistake"], doIt: (reason) => this.closed({ ...count, reason }) });
      return "";
    }
    if (!answer.ok) return whyNot(answer);
    this.shift = { open: false };
    this.counted = answer.body.counted_minor;
    this.ended(answer.body);
    return "";
  }

  /** What the drawer should have held, what was counted, and its report: on paper, or to a phone. */
  ended(end) {
    const told = part("dl", "sums");
    for (const [name, minor] of [["expected", end.expected_minor], ["counted", end.counted_minor], ["difference", end.difference_minor]]) told.append(pair(speak(`till.${name}`), money(minor), name === "difference" ? "grand" : ""));
    const { printed, fault } = end.paper;
    const words = [end.reason ? speak("till.difference_why", { reason: end.reason }) : "", speak(printed ? "till.printed" : `till.paper.${fault}`)];
    by("said").textContent = speak("till.closed", { amount: money(end.difference_minor) });
    this.offer(speak("till.report_z", { number: end.number }), end.shift, told, ...words.filter(Boolean).map((text) => part("p", "", text)));
  }

  moveCash() {
    const kind = part("select", "");
    kind.append(...["float", "drop", "pickup"].map((move) => Object.assign(part("option", "", speak(`till.move.${move}`)), { value: move })));
    const label = part("label", "field", speak("till.move"));
    label.append(kind);
    const text = Object.assign(part("input", ""), { inputMode: "decimal", required: true });
    const sum = part("label", "field", speak("till.amount"));
    sum.append(text);
    const doIt = (reason) => {
      const minor = minorIn(text.value, DIGITS);
      return minor ? this.till.ask(`${this.till.room}/shift/move`, { move: kind.value, minor, reason }) : speak("till.no_amount");
    };
    askReason({ title: speak("till.menu.move_cash"), why: ["counted"], extra: [label, sum], doIt });
  }

  async report() {
    const answer = await act(`${this.till.room}/shift/report`, {});
    by("said").textContent = answer.ok ? speak(answer.body.fault ? `till.paper.${answer.body.fault}` : "till.printed") : whyNot(answer);
  }

  async openDrawer() {
    const answer = await act(`${this.till.room}/drawer`, {});
    by("said").textContent = answer.ok ? speak("staff.done") : whyNot(answer);
  }
}
