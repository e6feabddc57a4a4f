/** The receipt's question: a few words, one face, and for who was not content whether somebody may call. */

import { UNHAPPY_MAX, drawn } from "./faces.js";
import { post } from "./post.js";

const ask = document.getElementById("ask");
const parts = (look) => [...(ask?.querySelectorAll(look) ?? [])];
let score = 0;

/** Send it; what must not be kept is said so, and can be written again. */
async function say(named) {
  const text = ask.querySelector("textarea")?.value ?? "";
  const answer = await post(`/q/${encodeURIComponent(ask.dataset.word)}/feedback`, { score, named, text });
  const again = text !== "" && [400, 409, 422].includes(answer.status);
  for (const one of parts(".own, .faces")) one.hidden = !again;
  ask.querySelector(".call").hidden = true;
  ask.querySelector("[role=status]").textContent = answer.ok ? ask.dataset.thanks : again ? ask.dataset.reword : ask.dataset.sorry;
  if (again) ask.querySelector("textarea").focus();
}

for (const face of parts("[data-score]")) {
  face.prepend(drawn(Number(face.dataset.score)));
  face.addEventListener("click", () => {
    score = Number(face.dataset.score);
    if (score > UNHAPPY_MAX) return say(false);
    for (const one of parts(".own, .faces")) one.hidden = true;
    ask.querySelector(".call").hidden = false;
    return ask.querySelector(".call button").focus();
  });
}
for (const choice of parts("[data-call]")) choice.addEventListener("click", () => say(choice.dataset.call === "yes"));
