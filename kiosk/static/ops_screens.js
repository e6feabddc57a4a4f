/** The list of screens: reload one, remove one, make a code for a new one. */

import { act, at, by, speak, whyNot } from "./desk.js";
import { ask, filled } from "./screen_settings.js";

async function settle(address) {
  const answer = await act(address, {});
  by("said").textContent = answer.ok ? speak("staff.done") : whyNot(answer);
  return answer.ok;
}

for (const time of document.querySelectorAll("time[data-ms]")) {
  if (time.dataset.ms) time.textContent = at(Number(time.dataset.ms));
}
for (const button of document.querySelectorAll("[data-reload]")) {
  button.addEventListener("click", () => settle(`/api/v1/screens/${button.dataset.reload}/reload`));
}
for (const button of document.querySelectorAll("[data-revoke]")) {
  button.addEventListener("click", async () => {
    if (await settle(`/api/v1/screens/${button.dataset.revoke}/revoke`)) button.closest("tr").remove();
  });
}
for (const button of document.querySelectorAll("[data-set]")) {
  button.addEventListener("click", () => change(button));
}

function change(button) {
  const { set: id, settings } = button.dataset;
  ask(speak("ops.settings_of", { screen: id }), JSON.parse(settings), async (form) => {
    const wanted = filled(form);
    if (!wanted) return speak("ops.quiet_both");
    const answer = await act(`/api/v1/screens/${id}/settings`, { settings: wanted });
    if (!answer.ok) return whyNot(answer);
    button.dataset.settings = JSON.stringify(wanted);
    button.closest("tr").querySelector("[data-language]").textContent = wanted.language.toUpperCase();
    by("said").textContent = speak("staff.done");
    return "";
  });
}

by("new")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = { kind: by("kind").value, point: by("point").value, language: by("language").value };
  const answer = await act("/api/v1/screens", asked);
  by("code").textContent = answer.ok ? answer.body.code : "";
  by("code-line").textContent = answer.ok ? speak("ops.code_is") : whyNot(answer);
});
