/** The demo page's readers, each with its cable and a small live picture of the screen above it. */

import * as gate from "./gate_state.js";
import { ordered, standing } from "./kiosk_state.js";
import { part, ring } from "./ring.js";
import * as till from "./till_guest_state.js";
import { said } from "./till_said.js";
import { choose, clock, money, named, say, whatNext } from "./words.js";

const ITEMS_MAX = 3;

/** Draw one reader. @returns {{element: HTMLElement, screen: HTMLElement, update: (reader: any, state: any) => void}} */
export function readerCard(reader, addresses, voice, acts) {
  const element = part("article", "reader");
  element.dataset.reader = reader.id;
  const screen = part("div", reader.kind === "kiosk" ? "screen kiosk" : "screen dark");
  const verdict = document.createElement("polso-verdict");
  verdict.setAttribute("live", "off");
  screen.append(verdict);
  const title = part("h3", "", voice.name(reader));
  const holder = part("button", "button primary hold", voice.speak("demo.hold"));
  holder.type = "button";
  holder.addEventListener("click", acts.hold);
  const cable = cableSwitch(voice, title.textContent, acts.plug);
  const foot = part("div", "foot");
  foot.append(holder, cable.element);
  element.append(head(title, reader, addresses, voice), screen, foot);
  const update = (now, state) => {
    cable.box.checked = now.plugged;
    const band = state.park.bands.find((one) => one.id === state.chosen);
    holder.setAttribute("aria-label", `${voice.speak("demo.hold")}: ${[band?.name, title.textContent].filter(Boolean).join(", ")}`);
    holder.disabled = !now.plugged;
    element.toggleAttribute("data-ready", Boolean(band) && now.plugged);
  };
  return { element, screen, update };
}

function head(title, reader, addresses, voice) {
  const row = part("div", "head");
  const names = part("div", "");
  names.append(title, part("p", "soft", voice.speak(`point.${reader.kind}`)));
  row.append(names);
  const own = addresses.find((one) => one.point === reader.point && ["gate", "kiosk", "till"].includes(one.kind));
  if (own) {
    const link = part("a", "open", "↗");
    link.setAttribute("aria-label", `${voice.speak("demo.open")}: ${title.textContent}`);
    Object.assign(link, { href: own.url, target: "_blank", rel: "noopener" });
    row.append(link);
  }
  return row;
}

/** Draw a cable that can be pulled. */
export function cableSwitch(voice, place, plug) {
  const element = part("label", "switch small");
  const box = document.createElement("input");
  Object.assign(box, { type: "checkbox", checked: true });
  box.setAttribute("role", "switch");
  box.setAttribute("aria-label", `${voice.speak("demo.cable")}: ${place}`);
  box.addEventListener("change", () => plug(box.checked));
  element.append(box, part("span", "", voice.speak("demo.cable")));
  return { element, box };
}

/** Paint the picture above a reader from the state of the same reducer that the full screen uses. */
export function preview(screen, reader, state, voice) {
  const now = state.screens[reader.point];
  if (reader.kind === "kiosk") return kioskPreview(screen, now, voice);
  if (reader.kind === "till") return tillPreview(screen, now, voice);
  const language = choose(voice.words, now.view?.language, voice.language);
  const speak = (key, places) => say(voice.words, language, key, places);
  const next = (view) => whatNext(voice.words, language, view, { zone: voice.zone, places: voice.places, now: view.at_ms });
  screen.firstElementChild.show({ ...gate.shown(now, speak, next), lang: language });
  return undefined;
}

/** The guest's side of a till in small: its figure is the word that one reads from afar. */
function tillPreview(screen, now, voice) {
  const language = choose(voice.words, now.basket?.language, voice.language);
  const speak = (key, places) => say(voice.words, language, key, places);
  const amount = (minor) => money(minor ?? 0, now.basket?.currency || voice.currency, language);
  const { word, figure, line } = said(till.phase(now), now, { speak, money: amount });
  screen.firstElementChild.show({ shape: till.shape(now), word: figure || word, line: figure ? word : line, lang: language, sentence: !figure });
}

const NOBODY = { attract: ["idle", "kiosk.touch"], stale: ["stale", "kiosk.stale"], out: ["out", "kiosk.out"], warning: ["idle", "kiosk.still_there"], reading: ["reading", "verdict.reading"] };

function kioskPreview(screen, now, voice) {
  const language = choose(voice.words, now.plan?.language, voice.language);
  const speak = (key, places) => say(voice.words, language, key, places);
  const verdict = screen.firstElementChild;
  screen.toggleAttribute("data-greeting", now.phase === "plan");
  if (now.phase === "verdict") verdict.show({ shape: now.plan.family, word: speak(`verdict.${now.plan.family}`), line: speak(now.plan.text), lang: language });
  else if (now.phase === "plan") greet(screen, now.plan, { ...voice, language, speak });
  else verdict.show({ shape: NOBODY[now.phase][0], word: speak(NOBODY[now.phase][1]), line: "", sentence: true, lang: language });
  if (now.phase !== "plan") screen.querySelector(".greeting")?.remove();
}

function greet(screen, plan, voice) {
  const key = `${plan.tap_id}/${plan.at_ms}`;
  if (screen.querySelector(".greeting")?.dataset.plan === key) return;
  const made = part("div", "greeting");
  made.dataset.plan = key;
  made.lang = voice.language;
  made.append(ring("go"), part("p", "strong", plan.name ? voice.speak("kiosk.hello", { name: plan.name }) : voice.speak("kiosk.hello_plain")));
  const list = part("ul", "");
  for (const item of ordered(plan.items ?? [], plan.at_ms).slice(0, ITEMS_MAX)) {
    const when = item.start_ms == null ? voice.speak(`kiosk.item_${standing(item, plan.at_ms)}`) : clock(item.start_ms, voice.language, voice.zone);
    const row = part("li", "");
    row.append(part("span", "strong", when), part("span", "", named(item.names, voice.language) || item.product));
    list.append(row);
  }
  made.append(list);
  screen.querySelector(".greeting")?.remove();
  screen.append(made);
}
