/** What the guest's side of a till says about a state: its word, its one figure, its line. */

import { voucherWords } from "./words.js";

/**
 * @param {string} now the display's phase
 * @param {any} state as its reducer keeps it
 * @param {{speak: (key: string, places?: object) => string, money: (minor: number) => string, language?: string}} voice
 */
export function said(now, state, voice) {
  return { word: word(now, state, voice), figure: figure(now, state, voice), line: line(now, state, voice) };
}

function word(now, { basket, cash }, { speak }) {
  if (now === "stale" || now === "out") return speak("counter.other_till");
  if (now === "cash") return speak(cash.words);
  return speak(basket?.words || "pay.idle");
}

/** What is due, what is ready here, or what was paid; where nothing is ready, what is due. */
function figure(now, { basket, cash }, { money }) {
  if (now === "cash") return cash.amount_minor ? money(cash.amount_minor) : "";
  if (["basket", "await_tap", "pin", "partly_paid"].includes(now)) return money(basket.due_minor ?? basket.total_minor);
  if (now === "short") return money(basket.ready_here_minor || basket.due_minor);
  const off = (basket?.lines ?? []).reduce((sum, one) => sum + (one.off_minor ?? 0), 0);
  return ["held", "approved", "voided"].includes(now) ? money(basket.total_minor - off) : "";
}

function line(now, { basket, cash }, voice) {
  const { speak, money } = voice;
  if (now === "cash") return cash.ready_here_minor ? speak("counter.left", { amount: money(cash.ready_here_minor) }) : "";
  if (now === "partly_paid") return speak("counter.short", { missing: money(basket.due_minor) });
  const left = basket?.ready_here_minor;
  const over = (basket?.vouchers ?? []).filter((one) => one.lapsed).map((one) => voucherWords(one, voice));
  if (now === "short" && left) return [speak("counter.short", { missing: money(basket.missing_minor) }), ...over].join(" · ");
  const told = ["approved", "declined"].includes(now) && basket?.notice ? speak("kiosk.notice") : "";
  const soon = now === "approved" && basket?.tier_soon ? speak("counter.tier_soon", { tier: basket.tier_soon }) : "";
  const back = (basket?.lines ?? []).reduce((sum, one) => sum + (one.voided_minor ?? 0), 0);
  if (now === "approved" && back) return speak("counter.back", { amount: money(back) });
  if (now === "approved" && left !== null && left !== undefined) {
    const here = (basket.vouchers ?? []).filter((one) => one.units).map((one) => voucherWords(one, voice));
    return [soon, speak("counter.left", { amount: money(left) }), ...here, ...over, told].filter(Boolean).join(" · ");
  }
  if (soon || told) return [soon, told].filter(Boolean).join(" · ");
  if (now === "pin" && (basket.pin_left ?? 3) < 3) return speak("counter.pin_left", { left: basket.pin_left });
  return "";
}
