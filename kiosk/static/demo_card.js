/** The stored card on the demo page: how its next charge goes, what its guest owes, and how the last one ended. */

import { money } from "./words.js";

/** Paint how the card stands. @param {any} card @param {any} voice @param {(id: string) => any} by */
export function paintCard(card, voice, by) {
  by("card").hidden = !card;
  if (!card) return;
  const { speak } = voice;
  const amount = (minor) => money(minor ?? 0, voice.currency, voice.language);
  by("card-name").textContent = speak("demo.card", card);
  by("card-line").textContent = speak("demo.card_line", card);
  if (document.activeElement !== by("card-next")) by("card-next").value = card.next;
  const owes = card.owes_minor ? speak("demo.card_owes", { guest: card.guest, amount: amount(card.owes_minor) }) : speak("demo.card_owes_nothing", card);
  by("card-owes").textContent = card.denied ? `${owes}. ${speak("demo.card_denied")}` : owes;
  by("card-charge").textContent = card.charge ? speak("demo.charge", { amount: amount(card.charge_minor), state: speak(`demo.charge.${card.charge}`) }) : "";
  by("debt").disabled = !card.owes_minor;
}
