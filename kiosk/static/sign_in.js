/** Signing in: a name or a badge, then the PIN; the PIN goes out once and is forgotten. */

import "./ring.js";
import { post } from "./post.js";
import { openStream } from "./stream.js";
import { loadWords, say } from "./words.js";

const page = JSON.parse(document.body.dataset.page);
const by = (id) => document.getElementById(id);
const words = await loadWords(page.texts);
const speak = (key, places) => say(words, page.language, key, places);
const WORDS = { Paused: "sign_in.paused", TooOften: "sign_in.paused", WrongPin: "sign_in.wrong" };
let badge = "";

async function enter(pin) {
  const who = badge || by("who").value.trim();
  by("wrong").textContent = "";
  if (!who) {
    by("wrong").textContent = speak("sign_in.name_first");
    by("who").focus();
    return;
  }
  const answer = await post("/api/v1/sign-in", { who, pin, point: page.point.id });
  if (answer.ok) location.replace(page.after);
  else by("wrong").textContent = speak(answer.status ? (WORDS[answer.body?.kind] ?? "sign_in.wrong") : "staff.no_answer");
}

function badgeRead(who) {
  badge = who;
  by("who").value = "";
  by("badge").textContent = speak("sign_in.badge_read");
  by("pad").focus();
}

by("pad").addEventListener("pin", (event) => enter(event.detail));
by("who").addEventListener("input", () => { badge = ""; });
by("who").addEventListener("keydown", (event) => {
  if (event.key === "Enter") by("pad").focus();
});
if (page.screen?.id) {
  openStream({
    topics: [`staff-${page.point.id}`],
    onEvent: (event) => event.type === "badge" && badgeRead(event.body.who),
  });
}
