/** How far the park's past is: a bar while it comes in, gone once all of it is there. */

/** @param {{guests: number, of: number}|null} past @param {any} voice @param {(id: string) => any} by */
export function paintPast(past, voice, by) {
  const open = past != null && past.guests < past.of;
  by("past").hidden = !open;
  if (!open) return;
  by("past-line").textContent = voice.speak("demo.past", { count: past.guests, all: past.of });
  by("past-bar").max = past.of;
  by("past-bar").value = past.guests;
}
