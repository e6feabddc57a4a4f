/** A guest's consents on their card: what each means, how it stands, and the switch. */

import { part } from "./ring.js";
import { speak } from "./desk.js";

const PURPOSES = ["presence", "offers", "offers:demographic", "offers:interest", "offers:behaviour", "research"];

/** @param {{open: boolean, opened: (is: boolean) => void, said: (purpose: string, given: boolean) => Promise<void>, stop: () => Promise<void>}} desk */
export function consents(card, { open, opened, said, stop }) {
  const made = part("details", "consents");
  made.open = open;
  made.addEventListener("toggle", () => opened(made.open));
  made.append(part("summary", "", speak("staff.consents")), part("p", "soft small", speak("staff.consents_line")));
  made.append(...PURPOSES.map((purpose) => row(card, purpose, said)), stored(card, stop));
  return made;
}

/** The guest's stored card: staff stop it on their wish; whether there is one only central knows. */
function stored(card, stop) {
  const made = part("div", "consent");
  const what = part("div", "");
  const turn = part("button", "button", speak("staff.stop_card"));
  const line = part("p", "soft small", speak("staff.stop_card_line"));
  line.id = `stop-${card.band}`;
  turn.type = "button";
  turn.setAttribute("aria-describedby", line.id);
  turn.addEventListener("click", async () => {
    turn.disabled = true;
    await stop();
    turn.disabled = false;
  });
  what.append(line);
  made.append(what, turn);
  return made;
}

function row(card, purpose, said) {
  const made = part("div", "consent");
  const given = (card.allows ?? []).includes(purpose);
  const what = part("div", "");
  const name = part("p", "", speak(`consent.${purpose}.name`));
  const line = part("p", "soft small", speak(`consent.${purpose}.line`));
  const turn = part("button", "button turn", speak(given ? "consent.yes" : "consent.no"));
  const id = `consent-${card.band}-${purpose}`;
  [name.id, line.id, turn.id] = [`${id}-name`, `${id}-line`, `${id}-turn`];
  Object.assign(turn, { type: "button" });
  turn.setAttribute("role", "switch");
  turn.setAttribute("aria-checked", String(given));
  turn.setAttribute("aria-labelledby", name.id);
  turn.setAttribute("aria-describedby", line.id);
  turn.addEventListener("click", async () => {
    turn.disabled = true;
    await said(purpose, !given);
    turn.disabled = false;
  });
  what.append(name, line);
  made.append(what, turn);
  return made;
}
