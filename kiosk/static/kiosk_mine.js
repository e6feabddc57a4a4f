/** What we know of a guest, painted: what they allow first, then every single thing, in their language. */

import { claim } from "./kiosk_claim.js";
import { stopped } from "./kiosk_stop.js";
import { part, ring } from "./ring.js";
import { clock, date, day, money, named, sortOf } from "./words.js";

/** @typedef {{speak: (key: string, places?: Record<string, unknown>) => string, language: string, page: any, allow: (purpose: string, given: boolean) => void, card: null|{svg?: string, stop?: string}, showCard: () => void, claim: string, offline: boolean, claimBand: (code?: string) => void, stopCard: (pin?: string) => void}} Tools */

/** Return the page's middle. @param {any} known @param {Tools} tools */
export function mine(known, tools) {
  const { speak } = tools;
  const head = part("div", "hello");
  const words = part("div", "");
  words.append(part("h1", "", speak("kiosk.mine_title")), part("p", "day", speak("kiosk.mine_line")));
  head.append(ring("staff"), words);
  const all = part("div", "known");
  all.tabIndex = 0;
  all.setAttribute("role", "region");
  all.setAttribute("aria-label", speak("kiosk.mine_title"));
  all.append(
    section(speak("kiosk.mine_consents"), (known.consents ?? []).map((one) => consent(one, tools))),
    ...(known.payments ? [section(speak("kiosk.card"), [card(tools), stopped(tools)])] : []),
    section(speak("kiosk.claim"), [claim(tools)]),
    section(speak("kiosk.mine_you"), [facts(about(known, tools))]),
    ...(known.looked_for ? [section(speak("near.looked_for"), rows(known.looked_for, (one) => [named(one.names, tools.language) || one.article, when(one.at_ms, tools)], tools))] : []),
    section(speak("kiosk.mine_rights"), rows(known.rights, (one) => right(one, tools), tools)),
    section(speak("kiosk.mine_vouchers"), rows(known.vouchers, (one) => voucher(one, tools), tools)),
    section(speak("kiosk.mine_passages"), rows(known.passages, (one) => seen(one, tools), tools)),
    section(speak("kiosk.mine_answers"), rows(Object.entries(known.answers ?? {}), ([asked, said]) => [asked, said], tools)),
    section(speak("kiosk.mine_look_ups"), rows(known.look_ups, (one) => seen(one, tools), tools)),
    section(speak("kiosk.mine_noticed"), rows(known.noticed, (one) => noticed(one, tools), tools)),
    section(speak("kiosk.mine_keeps"), rows(Object.entries(known.keeps ?? {}), ([kind, days]) => [speak(`keep.${kind}`), speak(days === 1 ? "keep.day" : "keep.days", { count: days })], tools)),
  );
  return [head, all];
}

/** The stored card: shown on the guest's own phone alone, by a code that opens once. */
function card({ speak, card: shown, showCard }) {
  const made = part("div", "item own-card");
  made.append(part("p", "soft", speak(shown?.svg === "" ? "kiosk.card_refused" : "kiosk.card_line")));
  if (shown?.svg) {
    const picture = part("div", "code");
    picture.tabIndex = -1;
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", speak("kiosk.card_code"));
    picture.append(new DOMParser().parseFromString(shown.svg, "image/svg+xml").documentElement);
    made.append(picture);
  } else {
    const turn = part("button", "button touch", speak("kiosk.card_show"));
    turn.addEventListener("click", showCard);
    made.append(turn);
  }
  return made;
}

function section(title, made) {
  const all = part("section", "");
  all.append(part("h2", "", title), ...made);
  return all;
}

/** One purpose: what it means, how it stands, and the switch. */
function consent(one, { speak, allow, claim: stage }) {
  const made = part("div", "item consent");
  const what = part("div", "what");
  const name = part("h3", "", speak(`consent.${one.purpose}.name`));
  name.id = `consent-${one.purpose}`;
  const line = part("p", "soft", speak(`consent.${one.purpose}.line`));
  line.id = `consent-${one.purpose}-line`;
  what.append(name, line);
  const turn = part("button", "button touch turn", speak(one.given ? "consent.yes" : "consent.no"));
  turn.dataset.purpose = one.purpose;
  turn.setAttribute("role", "switch");
  turn.setAttribute("aria-checked", String(Boolean(one.given)));
  turn.setAttribute("aria-labelledby", name.id);
  turn.setAttribute("aria-describedby", line.id);
  turn.disabled = stage === "claimed"; // this device has yet to hear which choices hold now
  turn.addEventListener("click", () => allow(one.purpose, !one.given));
  made.append(what, turn);
  return made;
}

/** One voucher: how much of it can be used here, and until when it is good. */
function voucher(one, { speak, language }) {
  const many = one.minor === null || one.minor === undefined ? String(one.units) : money(one.minor, one.currency, language);
  const until = one.until ? speak("kiosk.voucher_until", { date: date(one.until, language) }) : "";
  return [named(one.names ?? {}, language) || speak(`receipt.tender.${sortOf(one.kind)}`), [many, until].filter(Boolean).join(" · ")];
}

function facts(pairs) {
  const list = part("dl", "facts");
  for (const [name, value] of pairs) {
    const row = part("div", "");
    row.append(part("dt", "", name), part("dd", "", value));
    list.append(row);
  }
  return list;
}

function rows(found, shown, { speak }) {
  return found?.length ? [facts(found.map(shown))] : [part("p", "soft none", speak("kiosk.mine_none"))];
}

/** Every single thing about the person that has a value. */
function about(known, { speak, language, page }) {
  const yes = (value) => speak(value ? "consent.yes" : "consent.no");
  const place = known.zone ? named(page.places[known.zone], language) || known.zone : speak("mine.outside");
  const pairs = [
    ["guest", known.guest],
    ["name", known.name],
    ["language", known.language && speak(`language.${known.language}`)],
    ["tier", [known.tier, known.tier_soon ? speak("counter.tier_soon", { tier: known.tier_soon }) : ""].filter(Boolean).join(" · ")],
    ["tags", (known.tags ?? []).join(", ")],
    ["age_band", known.age_band],
    ["height_cm", known.height_cm && `${known.height_cm} cm`],
    ["party", known.party || ""],
    ["confirmed", (known.confirmed ?? []).map((what) => speak(`mine.${what}`)).join(", ")],
    ["payments", yes(known.payments)],
    ["waits", known.waits ? yes(true) : ""],
    ["visits", known.visits === undefined ? "" : String(known.visits)],
    ["birthday", known.birthday ? yes(true) : ""],
    ["zone", place],
  ];
  return pairs.filter(([, value]) => value).map(([name, value]) => [speak(`mine.${name}`), String(value)]);
}

function right(one, tools) {
  const name = named(one.names, tools.language) || one.product;
  const until = one.slot_ms ?? one.end_ms ?? one.start_ms;
  return [name, [until ? when(until, tools) : "", one.seat].filter(Boolean).join(" · ") || tools.speak("kiosk.item_any")];
}

function seen(one, tools) {
  return [when(one.at_ms, tools), named(tools.page.places[one.point], tools.language) || one.point];
}

/** A moment at which the band was heard from afar, and whether it came or went. */
function noticed(one, tools) {
  const place = named(tools.page.places[one.point], tools.language) || one.point || tools.speak("kiosk.mine_venue");
  return [when(one.at_ms, tools), `${place} · ${tools.speak(one.granted ? "kiosk.mine_came" : "kiosk.mine_went")}`];
}

function when(ms, { language, page }) {
  return `${day(ms, language, page.timezone)}, ${clock(ms, language, page.timezone)}`;
}
