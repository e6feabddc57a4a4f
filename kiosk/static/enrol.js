/** Enrolling this browser as a screen. */

import { newOp, post } from "./post.js";
import { loadWords, say } from "./words.js";

const page = JSON.parse(document.body.dataset.page);
const by = (id) => document.getElementById(id);
/** A promise: who is quicker than the words would send the form past us, and lose the code. */
const words = loadWords(page.texts);
let op = newOp();

by("enrol").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await post("/api/v1/enrol", { op, code: by("code").value.trim() });
  if (answer.ok) {
    location.replace(answer.body.address);
    return;
  }
  op = newOp();
  by("wrong").textContent = say(await words, page.language, answer.status ? "enrol.unknown" : "staff.no_answer");
  by("code").select();
});
