/** Guided stories on the demo page: a button for each, and its steps in words as they happen. */

import { part } from "./ring.js";
import { clock, money, named } from "./words.js";

const AT_END_PX = 8;

/** Put a button for each story down. @param {string[]} tales @param {any} voice @param {any} list @param {(tale: string) => void} play */
export function tellable(tales, voice, list, play) {
  list.replaceChildren(...tales.map((tale) => {
    const row = document.createElement("li");
    const button = part("button", "button", voice.speak(`demo.tale.${tale}`));
    button.type = "button";
    button.dataset.tale = tale;
    button.addEventListener("click", () => play(tale));
    row.append(button);
    return row;
  }));
}

/** Paint where the story has come to. @param {any} told @param {any} voice @param {(id: string) => any} by */
export function paintTale(told, voice, by) {
  const going = told != null && !told.over;
  for (const button of by("tales").querySelectorAll("button")) {
    button.disabled = going;
    button.toggleAttribute("data-told", button.dataset.tale === told?.tale);
  }
  by("told").hidden = told == null;
  by("tale-end").hidden = !told?.over;
  if (told == null) return;
  tellOn(told, voice, by("told"), by("scenes"));
  by("tale-end").toggleAttribute("data-failed", Boolean(told.failed));
  by("tale-end").textContent = told.failed ? voice.speak("demo.failed", { why: told.failed }) : voice.speak("demo.tale_over");
}

/** Add the steps that came since; whoever has gone back to read an earlier one stays there. */
function tellOn(told, voice, log, list) {
  const scenes = told.scenes ?? [];
  if (list.dataset.tale !== told.tale || list.children.length > scenes.length) list.replaceChildren();
  list.dataset.tale = told.tale;
  const follows = list.children.length === 0 || log.scrollTop + log.clientHeight >= log.scrollHeight - AT_END_PX;
  list.append(...scenes.slice(list.children.length).map((one) => part("li", "", sentence(one, voice))));
  if (follows) log.scrollTop = log.scrollHeight;
}

function sentence(one, voice) {
  const { speak, language, zone, currency } = voice;
  const what = one.scene === "diary" ? speak(`demo.diary.${one.what}`) : one.what;
  return speak(`demo.scene.${one.scene}`, {
    who: one.who ?? "", where: named(voice.places[one.where], language) || one.where || "", what: named(one.names, language) || what || "", count: one.count ?? 0,
    why: one.reason ? speak(`reason.${one.reason}.staff`) : "", amount: money(one.minor ?? 0, currency, language),
    time: one.at_ms ? clock(one.at_ms, language, zone) : "",
  });
}
