/** Enrolling this browser as a screen. */

import { newOp, post } from "./post.js";
import { loadWords, say } from "./words.js";

const page = JSON.parse(document.body.dataset.page);
const by = (id) => document.getElementById(id);
const words = await loadWords(page.texts);
let op = newOp();

by("enrol").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await post("/api/v1/enrol", { op, code: by("code").value.trim() });
  if (answer.ok) {
    location.replace(answer.body.address);
    return;
  }
  op = newOp();
  by("wrong").textContent = say(words, page.language, answer.status ? "enrol.unknown" : "staff.no_answer");
  by("code").select();
});
