/** What is offered to anybody at a kiosk at which nobody stands, painted: no tile of it is for a guest. */

import { benefit } from "./kiosk_offers_state.js";
import { part } from "./ring.js";
import { money, named } from "./words.js";

/** Return the row of tiles. @param {any[]} tiles @param {{speak: (key: string, places?: Record<string, unknown>) => string, language: string}} tools */
export function openTo(tiles, { speak, language }) {
  const row = part("ul", "open");
  row.setAttribute("aria-label", speak("offer.title"));
  row.append(...tiles.map((tile) => {
    const made = part("li", "tile");
    const found = benefit(tile);
    const amount = found?.minor == null ? "" : money(found.minor, tile.currency, language);
    made.dataset.exposure = tile.exposure;
    made.append(part("span", "strong", named(tile.messages, language).headline), part("span", "worth", found ? speak(found.key, { amount, percent: found.percent, points: found.points }) : ""));
    return made;
  }));
  return row;
}
