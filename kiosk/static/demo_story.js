/** The story of a tap: each room it passed, how long it stayed, and where it is written. */

import { part, ring } from "./ring.js";

const HASH_CHARS = 16;

/** Return what stands under "the story of this tap". */
export function storyOf(story, park, voice) {
  const number = new Intl.NumberFormat(voice.language, { maximumFractionDigits: 1 });
  const band = park.bands.find((one) => one.id === story.band);
  const reader = park.readers.find((one) => one.id === story.reader);
  const head = part("div", "told");
  head.dataset.family = story.family;
  const words = part("div", "");
  words.append(part("p", "strong", voice.speak(`verdict.${story.family}`)), part("p", "", [band?.name ?? story.band, reader ? voice.name(reader) : story.point].join(" → ")));
  head.append(ring(story.family), words);
  const why = part("p", "why", voice.speak(`reason.${story.reason}.staff`));
  return [head, why, rooms(story, voice, number), written(story, voice, number)];
}

function rooms(story, voice, number) {
  const list = part("ol", "rooms");
  // Central hears of a tap after the gate has opened: it is told below, not among the rooms that a guest waits for.
  const steps = story.steps.filter((step) => step.room !== "central");
  const longest = Math.max(...steps.map((step) => step.ms), 0.001);
  for (const step of steps) {
    const row = document.createElement("li");
    const bar = part("meter", "");
    Object.assign(bar, { min: 0, max: longest, value: step.ms });
    bar.setAttribute("aria-hidden", "true");
    row.append(part("span", "", voice.speak(`demo.room.${step.room}`)), bar, part("span", "num", voice.speak("demo.ms", { ms: number.format(step.ms) })));
    list.append(row);
  }
  const total = part("li", "total");
  total.append(part("span", "strong", voice.speak("demo.took", { ms: number.format(story.took_ms) })));
  list.append(total);
  return list;
}

function written(story, voice, number) {
  const made = part("div", "written");
  made.append(part("p", "strong", story.seq ? voice.speak("demo.seq", { seq: story.seq }) : voice.speak("demo.not_written")));
  if (story.hash) made.append(part("p", "soft hash", `${voice.speak("demo.hash")} ${story.hash.slice(0, HASH_CHARS)}…`));
  const heard = story.acknowledged_ms != null;
  const where = heard ? voice.speak("demo.acknowledged", { ms: number.format(story.acknowledged_ms) }) : voice.speak("demo.waiting");
  const mark = part("p", heard ? "heard" : "unheard", story.seq ? where : "");
  made.append(mark);
  return made;
}
