/** The demo's receipt printers: a cable to pull, and the paper that came out last. */

import { part } from "./ring.js";
import { cableSwitch } from "./demo_screens.js";
import { named } from "./words.js";

const LOOKS = ["big", "strong", "centred"];

/** Draw one printer. @returns {HTMLElement} */
export function paperOf(printer, voice, plug) {
  const place = named(printer.names, voice.language) || printer.point;
  const element = part("article", "printer");
  const head = part("div", "row spread");
  const cable = cableSwitch(voice, `${voice.speak("demo.paper")}, ${place}`, plug);
  cable.box.checked = printer.plugged;
  head.append(part("h3", "", place), cable.element);
  element.append(head);
  const slips = printer.slips ?? [];
  if (!slips.length) element.append(part("p", "soft", voice.speak("demo.paper_empty")));
  for (const slip of slips.slice(0, 1)) element.append(slipOf(slip, place, voice));
  return element;
}

function slipOf(slip, place, voice) {
  const paper = part("div", "paper");
  paper.tabIndex = 0;
  paper.setAttribute("role", "group");
  paper.setAttribute("aria-label", `${voice.speak("demo.paper")}, ${place}`);
  for (const row of slip.rows) paper.append(part("p", LOOKS.filter((look) => row[look]).join(" "), row.text));
  if (slip.code) paper.append(part("p", "centred code-line", `${voice.speak("demo.paper_code")}: ${slip.code}`));
  if (slip.coupon) {
    paper.append(part("p", "centred code-line", `${voice.speak("demo.paper_coupon")}: ${slip.coupon}`));
  }
  return paper;
}
