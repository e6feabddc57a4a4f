/** Offers on the staff page: what was shown here last, and of every other one why not, in words. */

import { act, at, button, by, fill, page, speak, whyNot } from "./desk.js";
import { part } from "./ring.js";
import { actsOf } from "./staff_offers_state.js";

const CHOICES_MAX = 5;

export class Offers {
  #choices = [];

  /** Ask anew: at the start, and after each tap at this point. */
  async look() {
    const answer = await act("/api/v1/staff/offers", { point: page.point.id });
    if (answer.ok) this.paint(answer.body.choices.slice(0, CHOICES_MAX));
  }

  heard(event) {
    if (event.type === "decision") this.look();
    if (event.type === "link" && event.body === "stale") this.paint([]);
  }

  paint(choices) {
    this.#choices = choices;
    fill(by("offers"), ...this.#choices.map((one) => row(one, (exposure, taken) => this.#give(exposure, taken))));
    by("offers-empty").hidden = choices.length > 0;
  }

  /** A guest's yes or no, said to staff. */
  async #give(exposure, taken) {
    const answer = await act("/api/v1/staff/offer", { exposure, taken });
    by("said").textContent = answer.ok ? speak(taken ? "staff.offer_given" : "staff.done") : whyNot(answer);
    this.look();
  }
}

function row(one, give) {
  const name = (id) => one.names?.[id] || id;
  const made = part("li", "offered");
  const tiles = one.choice.tiles ?? [];
  const shown = tiles.map(([offer, position]) => name(offer) + (taken(one, position) ? ` (${speak("staff.offer_taken")})` : ""));
  made.append(part("p", "strong", shown.join(" · ") || speak("staff.offer_none")), part("p", "soft small", [at(one.at_ms), speak(one.personal ? "staff.offer_personal" : "staff.offer_public")].join(" · ")));
  for (const tile of actsOf(one, page.actions)) made.append(doing(tile, name(tile.offer), give));
  const losers = one.choice.losers ?? [];
  if (losers.length) {
    const why = part("details", "");
    why.append(part("summary", "", speak("staff.offer_why_not", { count: losers.length })));
    for (const [offer, code, detail] of losers) why.append(part("p", "small", `${name(offer)}: ${speak(`staff.offer_why.${code}`, { detail: name(detail ?? "") })}`));
    made.append(why);
  }
  return made;
}

function doing({ exposure, take }, name, give) {
  const made = part("p", "offer-acts");
  made.append(part("span", "small", name));
  if (take) made.append(button(speak("staff.offer_give"), () => give(exposure, true)));
  made.append(button(speak("staff.offer_decline"), () => give(exposure, false), "quiet"));
  for (const one of made.querySelectorAll("button")) one.setAttribute("aria-label", `${one.textContent}: ${name}`);
  return made;
}

/** A tile's exposure is the choice's with its position. */
const taken = (one, position) => (one.taken ?? []).includes(`${one.exposure}.${position}`);
