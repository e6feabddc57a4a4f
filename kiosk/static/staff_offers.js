/** Offers on the staff page: what was shown here last, and of every other one why not, in words. */

import { act, at, by, fill, page, speak } from "./desk.js";
import { part } from "./ring.js";

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
    fill(by("offers"), ...this.#choices.map(row));
    by("offers-empty").hidden = choices.length > 0;
  }
}

function row(one) {
  const name = (id) => one.names?.[id] || id;
  const made = part("li", "offered");
  const tiles = one.choice.tiles ?? [];
  const shown = tiles.map(([offer, position]) => name(offer) + (taken(one, position) ? ` (${speak("staff.offer_taken")})` : ""));
  made.append(part("p", "strong", shown.join(" · ") || speak("staff.offer_none")), part("p", "soft small", [at(one.at_ms), speak(one.personal ? "staff.offer_personal" : "staff.offer_public")].join(" · ")));
  const losers = one.choice.losers ?? [];
  if (losers.length) {
    const why = part("details", "");
    why.append(part("summary", "", speak("staff.offer_why_not", { count: losers.length })));
    for (const [offer, code, detail] of losers) why.append(part("p", "small", `${name(offer)}: ${speak(`staff.offer_why.${code}`, { detail: name(detail ?? "") })}`));
    made.append(why);
  }
  return made;
}

/** A tile's exposure is the choice's with its position. */
const taken = (one, position) => (one.taken ?? []).includes(`${one.exposure}.${position}`);
