/** The bill of a till: lines, sums and the panel that says how the basket stands. */

import { part, ring } from "./ring.js";
import { at, button, page, speak } from "./desk.js";
import { keptAfter } from "./till_state.js";
import { money as amount, sortOf, voucherWords } from "./words.js";

const SHAPES = { await_tap: "reading", pin: "ask", short: "wait", declined: "staff", partly_paid: "ask", held: "go", approved: "go", voided: "go", given_up: "again" };

/** An amount as the page's language writes it. */
export const money = (minor) => amount(minor ?? 0, page.currency, page.language);

/** "until 18:40", or the day where that is not today. */
export function until(ms) {
  const day = (when) => new Date(when).toLocaleDateString(page.language, { timeZone: page.timezone, weekday: "short", day: "numeric", month: "short" });
  return day(ms) === day(Date.now()) ? speak("till.until", { time: at(ms) }) : speak("till.until_day", { time: `${day(ms)}, ${at(ms)}` });
}

/** So many minutes in the largest unit that says them whole, as the page's language writes it. */
export function lasting(minutes) {
  const [unit, size] = [["week", 10_080], ["day", 1_440], ["hour", 60], ["minute", 1]].find(([, one]) => minutes % one === 0);
  return new Intl.NumberFormat(page.language, { style: "unit", unit, unitDisplay: "long" }).format(minutes / size);
}

/** One line of the bill, with buttons for more and fewer while it can be changed. */
export function lineRow(line, turn) {
  const row = part("li", `bill-line${line.amount_minor < 0 ? " back" : ""}`);
  const name = part("span", "bill-name", nameOf(line));
  row.append(name, part("span", "bill-amount num", money(line.amount_minor)));
  if (line.quantity !== 1) row.append(part("span", "bill-many num", `${line.quantity} × ${money(line.price_minor)}`));
  if (line.voided_minor) row.append(part("span", "badge", speak("till.voided_part", { amount: money(line.voided_minor) })));
  if (turn && page.tiles.some((tile) => tile.id === line.item)) {
    const fewer = button("−", () => turn(-1), "step");
    const more = button("+", () => turn(1), "step");
    fewer.setAttribute("aria-label", speak("till.fewer", { name: nameOf(line) }));
    more.setAttribute("aria-label", speak("till.one_more", { name: nameOf(line) }));
    row.append(fewer, more);
  }
  return row;
}

/** A row for each voucher: used first, kept by the guest, or over; with a button while that can be changed. */
export function voucherRows(basket, keep) {
  const shown = basket?.lines?.length ? (basket.vouchers ?? []) : [];
  return shown.map((one) => {
    const row = part("li", "bill-line voucher");
    row.append(part("span", "bill-name", voucherWords(one, { speak, money, language: page.language })));
    if (keep && !one.lapsed) row.append(button(speak(one.declined ? "voucher.use" : "voucher.leave"), () => keep(keptAfter(shown, one)), "quiet"));
    return row;
  });
}

/** What a line is called here. */
export function nameOf(line) {
  return page.tiles.find((tile) => tile.id === line.item)?.name ?? line.name;
}

/** Taxes per rate, what is paid and what is due. */
export function sums(basket) {
  if (!basket?.lines?.length) return [];
  const rows = taxes(basket.lines).map(([rate, tax]) => pair(speak("till.tax", { rate }), money(tax), "soft"));
  for (const leg of (basket.legs ?? []).filter((one) => one.amount_minor)) rows.push(pair([speak(`receipt.tender.${sortOf(leg.tender)}`), leg.name || leg.band_short].filter(Boolean).join(" · "), money(leg.amount_minor), "paid"));
  const due = basket.state === "partly_paid" || basket.paid_minor ? (basket.due_minor ?? 0) : basket.total_minor;
  const done = basket.undoing || ["held", "approved", "voided", "given_up"].includes(basket.state);
  rows.push(pair(speak(done ? "till.total" : "till.due"), money(done ? basket.total_minor : due), "grand"));
  return rows;
}

function taxes(lines) {
  const shares = new Map();
  for (const line of lines) {
    const rate = line.tax_permille ?? 0;
    if (rate) shares.set(rate, (shares.get(rate) ?? 0) + Math.round(((line.amount_minor - (line.off_minor ?? 0)) * rate) / (1000 + rate)));
  }
  return [...shares].sort((a, b) => b[0] - a[0]).map(([rate, tax]) => [(rate / 10).toLocaleString(page.language), tax]);
}

/** A term and its figure. */
export function pair(term, value, look) {
  const row = part("div", look);
  row.append(part("dt", "", term), part("dd", "num", value));
  return row;
}

/** How the basket stands, in one sign, one sentence and at most one line. */
export function statePanel(basket) {
  const state = basket?.state ?? "idle";
  if (state === "basket" && basket.lines?.length) return [];
  const words = part("div", "state-words");
  const plain = basket?.undoing ? "await_undo" : state === "basket" ? "idle" : state;
  words.append(part("p", "state-word", speak(`till.state.${plain}`, { name: basket?.name ?? "" })));
  const line = lineOf(basket, state);
  if (line) words.append(part("p", "state-line", line));
  if (basket?.note) words.append(part("p", "state-line", speak(`staff.card_note.${basket.note}`)));
  return [ring(SHAPES[state] ?? "idle"), words];
}

function lineOf(basket, state) {
  const reason = basket?.reason ? speak(`reason.${basket.reason}.staff`) : "";
  switch (state) {
    case "short": return [speak("till.ready_here", { amount: money(basket.ready_here_minor) }), speak("till.missing", { amount: money(basket.missing_minor) }), basket.kept_elsewhere_minor ? speak("till.kept_elsewhere", { amount: money(basket.kept_elsewhere_minor) }) : ""].filter(Boolean).join(" · ");
    case "declined": return [basket.name, reason, basket.cause].filter(Boolean).join(" · ");
    case "pin": return speak("till.pin_left", { left: basket.pin_left ?? 3 });
    case "await_tap": if (basket.undoing) return speak("till.goes_back", { amount: money(basket.paid_minor) });
      return basket.hold ? `${speak("till.holding")} · ${lasting(basket.hold_minutes)}` : "";
    case "held": return [basket.name, basket.until_ms ? until(basket.until_ms) : ""].filter(Boolean).join(" · ");
    case "partly_paid": return [speak("till.paid_so_far", { amount: money(basket.paid_minor) }), basket.until_ms ? until(basket.until_ms) : ""].filter(Boolean).join(" · ");
    case "approved": return [basket.name, basket.tier_soon ? speak("counter.tier_soon", { tier: basket.tier_soon }) : "", basket.ready_here_minor !== null && basket.ready_here_minor !== undefined ? speak("till.left_here", { amount: money(basket.ready_here_minor) }) : "", basket.repeated ? speak("till.repeated") : ""].filter(Boolean).join(" · ");
    default: return "";
  }
}
