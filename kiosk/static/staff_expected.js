/** Guests who are about and allow it, on the staff page: the nearest first, gone as soon as they go. */

import { act, ago, by, fill, place, speak } from "./desk.js";
import { part } from "./ring.js";
import { shownPeople, withNoticed } from "./staff_expected_state.js";

export class Expected {
  #people = [];

  /** Ask once for all; afterwards they are told. */
  async begin(state) {
    const answer = await act("/api/v1/staff/expected", {});
    if (answer.ok) this.#people = answer.body.people;
    this.paint(state());
  }

  heard(event) {
    if (event.type === "presence") this.#people = withNoticed(this.#people, event.body);
    if (event.type === "link" && event.body === "stale") this.#people = [];
  }

  paint({ now_ms }) {
    const shown = shownPeople(this.#people);
    const key = JSON.stringify([shown, Math.floor(now_ms / 60000)]);
    if (by("expected").dataset.key === key) return;
    by("expected").dataset.key = key;
    fill(by("expected"), ...shown.map((one) => row(one, now_ms)));
    by("expected-empty").hidden = shown.length > 0;
  }
}

function row(one, now_ms) {
  const made = part("li", "person");
  const where = one.place ? place(one.place) : speak("staff.zone_in_venue");
  const said = [speak(`staff.zone_${one.zone}`), one.place ? where : "", one.since_ms && now_ms ? ago(one.since_ms, now_ms) : ""].filter(Boolean);
  made.append(part("p", "strong", [one.name || speak("staff.guest_unknown"), one.tier].filter(Boolean).join(" · ")), part("p", "soft small", said.join(" · ")));
  return made;
}
