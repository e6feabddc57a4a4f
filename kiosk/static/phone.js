/** The phone that reads bands: Web NFC in, one post per band, the verdict from the stream. */

import { act, by, fill, page, paintPills, speak, whyNot } from "./desk.js";
import { begin, readingOf, reduce, startable } from "./phone_state.js";
import { part, ring } from "./ring.js";
import { Sound } from "./sound.js";
import { GROUPS } from "./staff_state.js";
import { panel } from "./staff_view.js";
import { openStream } from "./stream.js";

const TICK_MS = 250;
const LOUD = 60;
const SHAPES = { asking: "reading", reading: "reading", silent: "again", torn: "again", refused: "staff", denied: "staff", no_nfc: "out", unsupported: "out", insecure: "out" };
const sound = new Sound(LOUD);
let state = begin({ secure: isSecureContext, able: "NDEFReader" in window });

/** Take in one event and show what follows from it. @param {{type: string, body?: any}} event */
export function hear(event) {
  const before = state;
  state = reduce(state, { now: performance.now(), ...event });
  if (state.view && state.view !== before.view) sound.play(state.view.family);
  paint();
}

function paint() {
  paintPills(by("pills"), state, page.point.id);
  by("start").hidden = !startable(state);
  const key = JSON.stringify([state.phase, state.view, state.why]);
  if (by("now").dataset.key === key) return;
  by("now").dataset.key = key;
  by("now").className = `verdict ${state.view ? GROUPS[state.view.family] : "neutral"}`;
  by("now").toggleAttribute("data-idle", !state.view);
  fill(by("now"), ...(state.view ? panel(state.view) : message()));
}

function message() {
  const lines = part("div", "words");
  const line = state.phase === "refused" ? state.why : speak(`staff.phone.${state.phase}_line`);
  lines.append(part("p", "headline", speak(`staff.phone.${state.phase}`)), part("p", "", line));
  return [ring(SHAPES[state.phase] ?? "idle"), lines];
}

/** Begin to read; browsers allow it only from a press. */
async function start() {
  hear({ type: "start" });
  sound.wake();
  try {
    const reader = new NDEFReader();
    reader.addEventListener("reading", (event) => read(readingOf(event)));
    reader.addEventListener("readingerror", () => hear({ type: "torn" }));
    await reader.scan();
    hear({ type: "started" });
  } catch (error) {
    hear({ type: "stopped", body: error.name });
  }
}

async function read(reading) {
  hear({ type: "read" });
  const answer = await act("/api/v1/web-nfc", { reading, point: page.point.id });
  hear(answer.ok ? { type: "posted", body: answer.body } : { type: "unheard", body: whyNot(answer) });
}

by("start").addEventListener("click", start);
setInterval(() => hear({ type: "tick" }), TICK_MS);
paint();
openStream({
  topics: [`staff-${page.point.id}`, "devices"],
  onEvent: hear,
  onState: (link) => hear({ type: "link", body: link }),
  busy: () => ["reading", "verdict"].includes(state.phase),
});
