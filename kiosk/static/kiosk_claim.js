/** A band of nobody becomes its wearer's: a button, ten keys for the code that was brought, and what came of it. */

import { part } from "./ring.js";

/** Ends: what came of it stands there, and nothing can be typed; after the others it can be tried again. */
const OVER = ["claimed", "heard", "yours"];

/** Return the part of the guest's page. @param {import("./kiosk_mine.js").Tools} tools */
export function claim({ speak, claim: stage, offline, claimBand }) {
  const made = part("div", "item claim");
  const away = offline && !OVER.includes(stage) ? "offline" : stage;
  const line = part("p", ["", "typing"].includes(away) ? "soft" : "said", speak(away && away !== "typing" ? `kiosk.claim_${away === "heard" ? "claimed" : away}` : "kiosk.claim_line"));
  line.tabIndex = -1;
  if (away) line.setAttribute("role", "status");
  made.append(line);
  if (away === "typing") made.append(pad(speak, claimBand));
  else if (!["asking", "offline", ...OVER].includes(away)) made.append(button(speak, claimBand));
  return made;
}

function button(speak, claimBand) {
  const made = part("button", "button touch", speak("kiosk.claim_show"));
  made.addEventListener("click", () => claimBand());
  return made;
}

function pad(speak, claimBand) {
  const made = document.createElement("polso-pad");
  made.tabIndex = 0;
  made.setAttribute("plain", "");
  for (const [name, key] of [["aria-label", "kiosk.claim_code"], ["delete-label", "counter.delete"], ["enter-label", "counter.enter"], ["count-label", "counter.typed"]]) made.setAttribute(name, speak(key));
  made.addEventListener("pin", (event) => claimBand(/** @type {CustomEvent<string>} */ (event).detail));
  return made;
}
