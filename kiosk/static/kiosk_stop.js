/** A stored card is charged no more: a button, the keys for a PIN where there is one, and what came of it. */

import { part } from "./ring.js";

/** Return the part of the guest's page. @param {{speak: (key: string) => string, card: any, stopCard: (pin?: string) => void}} tools */
export function stopped({ speak, card, stopCard }) {
  const stage = card?.stop ?? "";
  const made = part("div", "item stop-card");
  const line = part("p", stage && stage !== "pin" ? "said" : "soft", speak(stage ? `kiosk.stop_${stage}` : "kiosk.stop_line"));
  line.tabIndex = -1;
  if (stage) line.setAttribute("role", "status");
  made.append(line);
  if (["pin", "wrong"].includes(stage)) made.append(pad(speak, stopCard));
  else if (["", "refused"].includes(stage)) made.append(button(speak, stopCard));
  return made;
}

/** Send the guest's word, with the PIN where it was typed; the page shows what the device says. */
export async function stopCard({ tap_id, hear, send }, pin = "") {
  hear({ type: "touch" });
  const answer = await send("stop-card", { tap_id, pin });
  hear({ type: "card", body: { tap_id, stop: answer.ok ? answer.body.became : "refused" } });
  const typing = answer.ok && ["pin", "wrong"].includes(answer.body.became);
  /** @type {HTMLElement | null} */ (document.querySelector(typing ? ".stop-card polso-pad" : ".stop-card [tabindex]"))?.focus();
}

function button(speak, stopCard) {
  const made = part("button", "button touch", speak("kiosk.stop_show"));
  made.addEventListener("click", () => stopCard());
  return made;
}

function pad(speak, stopCard) {
  const made = document.createElement("polso-pad");
  made.tabIndex = 0;
  for (const [name, key] of [["aria-label", "kiosk.stop_pin"], ["delete-label", "counter.delete"], ["enter-label", "counter.enter"], ["count-label", "counter.typed"]]) made.setAttribute(name, speak(key));
  made.addEventListener("pin", (event) => stopCard(/** @type {CustomEvent<string>} */ (event).detail));
  return made;
}
