/** The gate's screen: hears, reduces, paints; the verdict was committed before it got here. */

import { begin, reduce, shown } from "./gate_state.js";
import { keepKeys } from "./keys.js";
import "./ring.js";
import { keepShell, keepSound, seeking, untilDone } from "./shell.js";
import { fitToDistance } from "./sight.js";
import { quiet, Sound } from "./sound.js";
import { openStream } from "./stream.js";
import { choose, clock, loadWords, named, say, whatNext } from "./words.js";

const TICK_MS = 250;
const page = JSON.parse(document.body.dataset.page);
const by = (id) => document.getElementById(id);
const sound = new Sound(page.screen.volume);
const words = await untilDone(() => loadWords(page.texts));
let state = begin();

fitToDistance(page.screen);
keepShell();
if (!page.demo) keepKeys();

/** Minutes since the site's midnight. */
function minute() {
  const [hours, minutes] = clock(Date.now(), "en", page.timezone).split(":").map(Number);
  return (hours % 24) * 60 + minutes;
}

function language() {
  return choose(words, state.view?.language, page.language);
}

/** Take in one event and show what follows from it. @param {{type: string, body?: any, age?: number}} event */
export function hear(event) {
  const before = state;
  state = reduce(state, { now: performance.now(), ...event });
  if (state !== before) paint(before);
}

function paint(before) {
  const speak = (key, places) => say(words, language(), key, places);
  const next = (view) => whatNext(words, language(), view, { zone: page.timezone, places: page.places, now: view.at_ms });
  const show = { ...shown(state, speak, next), lang: language() };
  by("verdict").show(show);
  document.body.dataset.shape = show.shape;
  const people = state.view?.people ?? 1;
  by("people").hidden = people < 2;
  by("people").textContent = speak("common.people", { count: people });
  const lost = seeking(state.link, performance.now());
  by("offline").hidden = !(lost || state.offline || state.view?.offline);
  by("offline").textContent = speak(lost ? "common.reconnecting" : "common.offline");
  by("place").textContent = named(page.point.names, language());
  if (sounds(before)) sound.play(show.shape);
}

function sounds(before) {
  if (quiet(minute(), page.screen.quiet_from_min, page.screen.quiet_until_min)) return false;
  return (state.phase === "verdict" && state.view !== before.view) || (state.phase === "reading" && before.phase !== "reading");
}

/** How the page stands with the edge. */
export const link = () => state.link;

setInterval(() => hear({ type: "tick" }), TICK_MS);
paint(state);
keepSound(sound, (awake) => { by("sound").hidden = awake; });
const stream = openStream({
  topics: [`gate-${page.point.id}`, "devices"],
  onEvent: hear,
  onState: (link) => hear({ type: "link", body: link }),
  busy: () => ["verdict", "reading"].includes(state.phase),
});
addEventListener("pointerdown", () => stream.link === "moved" && stream.resume());
