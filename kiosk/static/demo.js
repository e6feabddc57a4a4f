/** The demo page: hears the park by one stream, lets a hand carry bands to readers, and paints what follows. */

import { carry } from "./carry.js";
import { begin, reduce } from "./demo_state.js";
import { paintCard } from "./demo_card.js";
import { paperOf } from "./demo_paper.js";
import { paintPast } from "./demo_past.js";
import { preview, readerCard } from "./demo_screens.js";
import { storyOf } from "./demo_story.js";
import { paintTale, tellable } from "./demo_tale.js";
import { paintWalk } from "./demo_walk.js";
import { part, ring } from "./ring.js";
import { openStream } from "./stream.js";
import { loadWords, named, say } from "./words.js";

const TICK_MS = 250;
const REFRESH_MS = 2000;
const BAND_COLOURS = 5;
const page = JSON.parse(document.body.dataset.page);
const by = (id) => document.getElementById(id);
const words = await loadWords({ it: page.texts.it, [page.language]: page.texts[page.language] });
/** What the parts of the page need to speak. */
const voice = {
  words, language: page.language, zone: page.timezone, places: page.places, currency: page.currency,
  speak: (key, places) => say(words, page.language, key, places),
  name: (reader) => named(reader.names, page.language) || reader.point,
};
let state = begin(page.state);
const drawn = new Map();

/** Take in one event and show what follows from it. */
export function hear(event) {
  const before = state;
  state = reduce(state, { now: performance.now(), ...event });
  if (event.type === "resync" || event.body?.acknowledged_ms != null) refresh();
  paint(before);
}

async function ask(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error([told.title, told.hint].filter(Boolean).join(" "));
  return told;
}

async function refresh() {
  const answer = await fetch("/demo/state").catch(() => null);
  if (answer?.ok) hear({ type: "demo", body: await answer.json() });
}

/** Hold a band to a reader; everything else follows from what the park answers. */
export async function hold(band, reader) {
  if (state.busy) return;
  hear({ type: "ask", body: { band, reader } });
  try {
    hear({ type: "told", body: await ask("/demo/taps", { band, reader }) });
  } catch (error) {
    hear({ type: "failed", body: error.message });
  }
}

/** Have a story played; its steps come by the stream, and its end as the answer, whatever the stream does. */
async function play(tale) {
  hear({ type: "tale", body: { tale } });
  try {
    hear({ type: "tale", body: await ask("/demo/tales", { tale, cut: by("tale-cut").checked }) });
  } catch (error) {
    hear({ type: "tale", body: { tale, over: true, failed: error.message } });
  }
}

async function turn(path, body) {
  try {
    hear({ type: "demo", body: await ask(path, body) });
  } catch (error) {
    hear({ type: "failed", body: error.message });
  }
}

function paint(before) {
  const { park } = state;
  if (!before || park.bands.length !== before.park.bands.length) paintBands();
  if (!before || park.readers.length !== before.park.readers.length) paintReaders();
  if (!before || park.addresses !== before.park.addresses) paintLinks();
  for (const card of by("bands").querySelectorAll("button")) card.setAttribute("aria-pressed", String(card.dataset.band === state.chosen));
  for (const reader of park.readers) drawn.get(reader.id)?.update(reader, state);
  if (!before || before.screens !== state.screens) for (const reader of park.readers) preview(drawn.get(reader.id).screen, reader, state, voice);
  if (before && state.story !== before.story) by("story").replaceChildren(...storyOf(state.story, state.park, voice));
  if (!before || before.tale !== state.tale) paintTale(state.tale, voice, by);
  if (!before || before.park.printers !== park.printers) paintPaper();
  paintSwitches();
  by("hint").textContent = hint();
}

function hint() {
  const chosen = state.park.bands.find((band) => band.id === state.chosen);
  if (state.failed) return voice.speak("demo.failed", { why: state.failed });
  if (!state.live) return voice.speak("common.reconnecting");
  return chosen ? voice.speak("demo.chosen", { band: [chosen.name, chosen.chip].filter(Boolean).join(" · ") }) : voice.speak("demo.intro");
}

function paintBands() {
  by("bands").replaceChildren(...state.park.bands.map(bandCard));
}

function bandCard(band, index) {
  const row = document.createElement("li");
  const card = part("button", "band");
  card.type = "button";
  card.dataset.band = band.id;
  const sign = ring("plain");
  sign.dataset.colour = String((index % BAND_COLOURS) + 1);
  const text = part("span", "about");
  const proof = voice.speak(`demo.proof.${band.trust || "none"}`);
  text.append(part("b", "", band.name), part("small", "soft", proof), part("span", "", voice.speak(`demo.story.${band.story}`)));
  card.append(sign, text);
  card.addEventListener("click", () => hear({ type: "choose", body: band.id }));
  carry(card, sign, { over: (at) => at?.closest("[data-reader]"), drop: (place) => hold(band.id, place.dataset.reader) });
  row.append(card);
  return row;
}

function paintReaders() {
  drawn.clear();
  for (const reader of state.park.readers) {
    drawn.set(reader.id, readerCard(reader, state.park.addresses, voice, {
      hold: () => (state.chosen ? hold(state.chosen, reader.id) : hear({ type: "failed", body: voice.speak("demo.choose_first") })),
      plug: (plugged) => turn("/demo/reader", { reader: reader.id, plugged }),
    }));
  }
  by("readers").replaceChildren(...[...drawn.values()].map((card) => card.element));
}

function paintLinks() {
  const own = new Set(state.park.readers.map((reader) => reader.point));
  const apart = state.park.addresses.filter((one) => !["gate", "kiosk"].includes(one.kind) || !own.has(one.point));
  by("links").replaceChildren(...apart.map((one) => {
    const row = document.createElement("li");
    const link = part("a", "", [voice.speak(`demo.open.${one.kind}`), named(page.places[one.point], page.language) || one.point].filter(Boolean).join(": "));
    Object.assign(link, { href: one.url, target: "_blank", rel: "noopener" });
    row.append(link);
    return row;
  }));
  const pins = Object.entries(state.park.sign_in ?? {});
  by("staff").hidden = pins.length === 0;
  by("pins").replaceChildren(...pins.map(([who, pin]) => part("li", "", voice.speak("demo.sign_in_line", { who, pin }))));
}

function paintPaper() {
  const printers = state.park.printers ?? [];
  by("paper").hidden = printers.length === 0;
  const key = JSON.stringify(printers);
  if (by("papers").dataset.key === key) return;
  by("papers").dataset.key = key;
  by("papers").replaceChildren(...printers.map((one) => paperOf(one, voice, (plugged) => turn("/demo/printer", { printer: one.id, plugged }))));
}

function paintSwitches() {
  const { park } = state;
  by("internet").checked = park.internet;
  by("disk").checked = park.disk_full;
  if (document.activeElement !== by("crowd")) by("crowd").value = String(park.crowd);
  const count = Number(by("crowd").value);
  by("rate").textContent = count ? voice.speak("demo.crowd_line", { count }) : voice.speak("demo.crowd_none");
  by("crowd").setAttribute("aria-valuetext", by("rate").textContent);
  by("outbox").textContent = park.outbox ? voice.speak("demo.outbox", { count: park.outbox }) : voice.speak("demo.central_has_all");
  by("outbox").toggleAttribute("data-waiting", park.outbox > 0);
  paintCard(park.card, voice, by);
  paintWalk(state, page.ways, voice, by);
  paintPast(park.past, voice, by);
  const { desk } = park;
  const written = park.bands.find((band) => band.id === desk?.band);
  if (written) by("desk-done").textContent = voice.speak("demo.desk_done", { band: written.name, count: desk.steps, ms: desk.took_ms });
}

by("internet").addEventListener("change", (event) => turn("/demo/internet", { up: event.target.checked }));
by("disk").addEventListener("change", (event) => turn("/demo/disk", { full: event.target.checked }));
by("crowd").addEventListener("input", paintSwitches);
by("crowd").addEventListener("change", (event) => turn("/demo/crowd", { rate: Number(event.target.value) }));
by("walk").addEventListener("input", paintSwitches);
by("walk").addEventListener("change", (event) => turn("/demo/walk", { band: state.chosen, place: page.ways[Number(event.target.value)] }));
by("card-next").addEventListener("change", (event) => turn("/demo/card", { next: event.target.value }));
by("debt").addEventListener("click", () => turn("/demo/debt", {}));
by("desk").addEventListener("click", async () => {
  const blank = state.park.bands.find((band) => band.story === "blank");
  by("desk").disabled = true;
  await turn("/demo/desk", { band: blank.id });
  by("desk").disabled = false;
});
by("reset").addEventListener("click", async () => {
  by("reset").disabled = true;
  by("reset").textContent = voice.speak("demo.resetting");
  await turn("/demo/reset", {});
  by("reset").textContent = voice.speak("demo.reset");
  by("reset").disabled = false;
});
setInterval(() => hear({ type: "tick" }), TICK_MS);
// What becomes of a charge happens at central: no stream of this edge tells of it.
setInterval(() => (state.park.outbox > 0 || state.park.card) && !document.hidden && refresh(), REFRESH_MS);
tellable(page.tales, voice, by("tales"), play);
paint(null);
hear({ type: "demo", body: page.state });
const TOPICS = { kiosk: "kiosk", till: "guest" };
const points = page.state.readers.map((reader) => `${TOPICS[reader.kind] ?? "gate"}-${reader.point}`);
openStream({ topics: ["demo", "devices", ...points], as: "demo", onEvent: hear, onState: (link) => hear({ type: "link", body: link }) });
