/** What is offered to anybody at a kiosk at which nobody stands, painted: no tile of it is for a guest. */

import { part } from "./ring.js";
import { named } from "./words.js";

/** Return the row of tiles. @param {any[]} tiles @param {{speak: (key: string, places?: Record<string, unknown>) => string, language: string}} tools */
export function openTo(tiles, { speak, language }) {
  const row = part("ul", "open");
  row.setAttribute("aria-label", speak("offer.title"));
  row.append(...tiles.map((tile) => {
    const made = part("li", "tile");
    const [headline, worth = ""] = named(tile.said, language).tile;
    made.dataset.exposure = tile.exposure;
    made.append(part("span", "strong", headline), part("span", "worth", worth));
    return made;
  }));
  return row;
}
