/** Carrying a band past the park's radios: a slider whose steps are places, and who is about. */

/** Paint where the chosen band is, and everybody else who is about. @param {any} state @param {any} voice @param {(id: string) => any} by */
export function paintWalk({ park, chosen }, ways, voice, by) {
  const { speak } = voice;
  const band = park.bands.find((one) => one.id === chosen);
  const at = park.walk?.at ?? {};
  by("walk").disabled = !park.walk || !band;
  if (document.activeElement !== by("walk") || !band) by("walk").value = String(Math.max(0, ways.indexOf(at[chosen] ?? "away")));
  const place = speak(`demo.place.${ways[Number(by("walk").value)]}`);
  by("walk").setAttribute("aria-valuetext", place);
  by("walk-now").textContent = band ? speak("demo.walk_at", { band: band.name, place }) : speak(park.walk ? "demo.walk_choose" : "demo.walk_none");
  const others = park.bands.filter((one) => at[one.id] && one.id !== chosen);
  by("walk-heard").textContent = park.walk ? speak("demo.walk_heard", { count: park.walk.heard }) : "";
  by("walk-others").textContent = others.map((one) => speak("demo.walk_at", { band: one.name, place: speak(`demo.place.${at[one.id]}`) })).join(" · ");
}
