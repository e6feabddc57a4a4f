/** The list of screens: reload one, remove one, make a code for a new one. */

import { act, at, by, speak, whyNot } from "./desk.js";

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
by("new")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = { kind: by("kind").value, point: by("point").value, language: by("language").value };
  const answer = await act("/api/v1/screens", asked);
  by("code").textContent = answer.ok ? answer.body.code : "";
  by("code-line").textContent = answer.ok ? speak("ops.code_is") : whyNot(answer);
});
