/** The desk: what pages for staff and operators share: words, pills, acts with their PIN and reason dialogs. */

import { part, ring } from "./ring.js";
import { newOp, post, renew } from "./post.js";
import { clock, loadWords, say } from "./words.js";
import { Bell } from "./bell.js";
import { alarmWords, deviceColour, syncColour } from "./staff_state.js";

export const page = JSON.parse(document.body.dataset.page);
export const by = (id) => document.getElementById(id);
const words = await loadWords(page.texts);

/** A sentence in the page's language. */
export const speak = (key, places) => say(words, page.language, key, places);
/** The site's local time of day. */
export const at = (ms) => clock(ms, page.language, page.timezone);
/** A number as the page's language writes it. */
export const number = (value, digits = 0) =>
  value.toLocaleString(page.language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
/** A place's name, or its id. */
export const place = (id) => page.places[id] ?? id ?? "";

/** "12 min ago", by the server's clock. */
export function ago(ms, now_ms) {
  return age(Math.max(0, now_ms - ms));
}

/** An age in words. */
export function age(ms) {
  const s = Math.round(ms / 1000);
  if (s < 60) return speak("staff.ago_s", { n: s });
  if (s < 3600) return speak("staff.ago_min", { n: Math.floor(s / 60) });
  return speak("staff.ago_h", { n: Math.floor(s / 3600) });
}

/** Show children in place of what was there. */
export function fill(target, ...children) {
  target.replaceChildren(...children.filter(Boolean));
}

/** A button that does something. */
export function button(words, act, className = "") {
  const made = part("button", `button ${className}`.trim(), words);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** Devices that the header tells of: a gate and a printer are told where they are used. */
const HEARING = ["reader", "radio"];

/** The pills of the header: link, central's age, readers, clock. */
export function paintPills(target, { link, health }, point = "") {
  const pills = [pill(link === "live" ? "good" : "aging", speak(link === "live" ? "staff.link_live" : "staff.link_lost"))];
  if (health) {
    const never = health.sync_age_ms === null || health.sync_age_ms === undefined;
    const words = never ? speak("staff.sync_never") : speak("staff.sync_age", { age: age(health.sync_age_ms) });
    pills.push(pill(syncColour(health), health.online ? words : `${speak("staff.offline")} · ${words}`));
    const devices = (health.devices ?? []).filter((known) => HEARING.includes(known.kind) && (!point || known.point === point));
    pills.push(...(point ? devices.map((device) => pill(deviceColour(device), heard(device))) : wholeHouse(devices)));
    if (health.site) pills.push(pill(health.site === "agreed" ? "good" : "aging", speak(`staff.site.${health.site}`)));
    if (health.clock_trusted === false) pills.push(pill("aging", speak("staff.clock")));
  }
  fill(target, ...pills);
}

/** Many devices: those that are well counted by kind, every other one by its place. */
function wholeHouse(devices) {
  const ill = devices.filter((device) => deviceColour(device) !== "good");
  const well = HEARING.map((kind) => [kind, devices.filter((device) => device.kind === kind && !ill.includes(device)).length]);
  return [
    ...well.filter(([, n]) => n).map(([kind, n]) => pill("good", speak(`staff.${kind}.well`, { n }))),
    ...ill.map((device) => pill(deviceColour(device), device.point ? `${place(device.point)}: ${heard(device)}` : heard(device))),
  ];
}

/** What a reader or a radio does, in words. */
function heard(device) {
  return speak(`staff.${device.kind}`, { state: deviceState(device) });
}

/** A radio listens where a reader is ready, and can do so worse than it was asked to. */
export function deviceState({ kind, state }) {
  return speak(`staff.${kind === "radio" ? "radio" : "device"}.${state}`);
}

function pill(colour, words) {
  return part("span", `badge ${colour}`, words);
}

/** Banners: alarms, the journal's trouble, calls for help, a lost link. Painted anew only when they change. */
export function paintAlerts(target, state, { resume, go, seen }) {
  alarmBell.ring(state.alarms);
  const key = JSON.stringify([state.link === "stale", state.link === "moved", state.health?.writable, state.health?.cause, state.help, state.alarms]);
  if (target.dataset.key === key) return;
  target.dataset.key = key;
  const alerts = state.alarms.map((one) => alert("deny", "stop", alarmWords(one, speak, place), page.actions?.includes("acknowledge_alarm") && button(speak("staff.alarm_seen"), () => seen(one))));
  if (state.health?.writable === false) {
    alerts.push(alert("deny", "out", `${speak("staff.unwritable")} ${state.health.cause ?? ""}`));
  }
  if (state.link === "stale") alerts.push(alert("neutral", "stale", speak("staff.link_stale")));
  if (state.link === "moved") alerts.push(alert("neutral", "again", speak("staff.link_moved"), button(speak("staff.link_resume"), resume)));
  for (const call of state.help) {
    const words = speak(call.escalated ? "staff.help_escalated" : call.reason ? "staff.help_unhappy" : "staff.help_here", { place: place(call.point) });
    alerts.push(alert("attend", "staff", words, button(speak("staff.help_go"), () => go(call))));
  }
  fill(target, ...alerts);
}

function alert(group, shape, words, act) {
  const made = part("div", `alert ${group}`);
  made.append(ring(shape), part("span", "", words));
  if (act) made.append(act);
  return made;
}

const alarmBell = new Bell();

/** Do one act; where five idle minutes ask for the PIN again, ask for it and do it then. */
export async function act(address, body) {
  const asked = { op: newOp(), ...body };
  let answer = await post(address, asked);
  if (answer.body?.kind === "AskAgain" && (await pinAgain())) answer = await post(address, asked);
  if (["NotSignedIn", "SignedOut", "Stale"].includes(answer.body?.kind)) location.reload();
  return answer;
}

/** Say in words why an act failed. */
export function whyNot(answer) {
  if (!answer.status) return speak("staff.no_answer");
  return speak("staff.failed", { why: [answer.body?.title, answer.body?.hint].filter(Boolean).join(" ") });
}

function pinAgain() {
  const dialog = by("pin");
  by("pin-wrong").textContent = "";
  return new Promise((settle) => {
    const done = (good) => {
      by("pin-pad").clear();
      dialog.close();
      settle(good);
    };
    by("pin-pad").addEventListener("pin", async function listen(event) {
      const answer = await post("/api/v1/refresh", { pin: event.detail });
      if (answer.ok) {
        renew(answer.body?.token);
        by("pin-pad").removeEventListener("pin", listen);
        done(true);
      } else by("pin-wrong").textContent = speak("sign_in.wrong");
    });
    by("pin-cancel").onclick = () => done(false);
    dialog.oncancel = () => done(false);
    dialog.showModal();
    by("pin-pad").focus();
  });
}

/** Whether a dialog stands open: then nothing pre-empts and nothing reloads. */
export function busy() {
  return Boolean(document.querySelector("dialog[open]"));
}

/** Ask for a reason (and more), then act. `why` are the keys of `staff.why.*`; `closed` allows no other words. */
export function askReason({ title, why, closed = false, extra = [], doIt }) {
  let chosen = "";
  by("reason-title").textContent = title;
  fill(by("reason-extra"), ...extra);
  by("reason-text").value = "";
  by("reason-wrong").textContent = "";
  by("reason-field").hidden = closed;
  const chips = why.map((key) => {
    const chip = button(speak(`staff.why.${key}`), () => choose(key, chip));
    chip.setAttribute("aria-pressed", "false");
    return chip;
  });
  const choose = (key, chip) => {
    chosen = key;
    for (const other of chips) other.setAttribute("aria-pressed", String(other === chip));
    by("reason-wrong").textContent = "";
  };
  fill(by("reason-chips"), ...chips);
  by("reason-cancel").onclick = () => by("reason").close();
  by("reason").querySelector("form").onsubmit = async (event) => {
    event.preventDefault();
    const reason = by("reason-text").value.trim() || chosen;
    if (!reason) {
      by("reason-wrong").textContent = speak("staff.reason_needed");
      return;
    }
    by("reason-do").disabled = true;
    const wrong = await doIt(reason);
    by("reason-do").disabled = false;
    if (wrong) by("reason-wrong").textContent = wrong;
    else by("reason").close();
  };
  by("reason").showModal();
  (chips[0] ?? by("reason-text")).focus();
}

by("sign-out")?.addEventListener("click", async () => {
  await post("/api/v1/sign-out", {});
  location.reload();
});
