/** The receipt's question: one face, and for who was not content whether somebody may speak to them. */

import { UNHAPPY_MAX, drawn } from "./faces.js";
import { post } from "./post.js";

const ask = document.getElementById("ask");
const parts = (look) => [...(ask?.querySelectorAll(look) ?? [])];
let score = 0;

async function say(named) {
  const answer = await post(`/q/${encodeURIComponent(ask.dataset.word)}/feedback`, { score, named });
  for (const one of parts(".faces, .call")) one.hidden = true;
  ask.querySelector("[role=status]").textContent = answer.ok ? ask.dataset.thanks : ask.dataset.sorry;
}

for (const face of parts("[data-score]")) {
  face.prepend(drawn(Number(face.dataset.score)));
  face.addEventListener("click", () => {
    score = Number(face.dataset.score);
    if (score > UNHAPPY_MAX) return say(false);
    ask.querySelector(".faces").hidden = true;
    ask.querySelector(".call").hidden = false;
    return ask.querySelector(".call button").focus();
  });
}
for (const choice of parts("[data-call]")) choice.addEventListener("click", () => say(choice.dataset.call === "yes"));
