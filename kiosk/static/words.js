/** Words: the catalogues in the browser, and times as a guest reads them. */

const PLACE = /\{(\w+)\}/g;
const HOME = "it";

/** @typedef {Record<string, Record<string, string>>} Catalogues by language, by key */

/**
 * Load languages at once: without others named, all, so that a guest is greeted without waiting for a file.
 * @param {Record<string, string>} addresses
 * @param {string[]} [languages]
 * @returns {Promise<Catalogues>}
 */
export async function loadWords(addresses, languages = Object.keys(addresses)) {
  const known = languages.filter((code) => code in addresses);
  const loaded = await Promise.all(known.map(async (code) => (await fetch(addresses[code])).json()));
  return Object.fromEntries(known.map((code, i) => [code, loaded[i]]));
}

/** Load a language that somebody asks for, if there is one to load. @param {Catalogues} words */
export async function learnWords(words, addresses, code) {
  if (code in addresses && !(code in words)) Object.assign(words, await loadWords(addresses, [code]));
}

/**
 * Return a sentence, in Italian where the language has none, with its places filled in.
 * @param {Catalogues} words
 * @param {string} language
 * @param {string} key
 * @param {Record<string, unknown>} [places]
 */
export function say(words, language, key, places = {}) {
  const sentence = words[language]?.[key] ?? words[HOME]?.[key] ?? "";
  return sentence.replace(PLACE, (whole, name) => (name in places ? String(places[name]) : whole));
}

/** Choose the first known language: the guest's, the screen's, Italian. */
export function choose(words, ...wanted) {
  for (const language of wanted) {
    const code = (language ?? "").split("-")[0].toLowerCase();
    if (code in words) return code;
  }
  return HOME;
}

/** Return a name in a language, or in Italian, or whatever there is. */
export function named(names, language) {
  return names?.[language] ?? names?.[HOME] ?? Object.values(names ?? {})[0] ?? "";
}

const FORMATS = new Map();

function format(language, zone, options) {
  const key = `${language} ${zone} ${JSON.stringify(options)}`;
  if (!FORMATS.has(key)) FORMATS.set(key, new Intl.DateTimeFormat(language, { timeZone: zone, ...options }));
  return FORMATS.get(key);
}

/** "15:10" in the site's time zone; midnight is 00:00 in every language. */
export function clock(ms, language, zone) {
  return format(language, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
}

/** "sabato 21 novembre" in the site's time zone. */
export function day(ms, language, zone) {
  return format(language, zone, { weekday: "long", day: "numeric", month: "long" }).format(ms);
}

/** Whether two moments lie on one local day of the site. */
export function sameDay(a, b, zone) {
  const local = format("en-CA", zone, { year: "numeric", month: "2-digit", day: "2-digit" });
  return local.format(a) === local.format(b);
}

/** Return an amount in minor units as the guest's language writes it. */
export function money(minor, currency, language) {
  const shape = new Intl.NumberFormat(language, { style: "currency", currency });
  return shape.format(minor / 10 ** shape.resolvedOptions().maximumFractionDigits);
}

/** Return the one further line of a verdict: when, where, or why. */
export function whatNext(words, language, view, { zone, places, now }) {
  const next = view.next ?? {};
  const place = next.place ? named(places[next.place], language) : "";
  if (next.at_ms) {
    const today = sameDay(next.at_ms, now, zone);
    const time = today ? clock(next.at_ms, language, zone) : day(next.at_ms, language, zone);
    if (next.act === "change_time" && view.kept_s)
      return say(words, language, "act.kept_time", { time, n: view.kept_s });
    if (next.act === "change_time")
      return `${say(words, language, "act.change_time_at", { time })}. ${say(words, language, "act.see_staff")}`;
    return say(words, language, today ? "act.come_back_at" : "act.come_back_on", { time });
  }
  if (place && ["go_to", "exit_first"].includes(next.act)) return say(words, language, `act.${next.act}_place`, { place });
  return say(words, language, view.text);
}

/** Write a local date (ISO 8601) as a language does. */
export function date(text, language) {
  return new Date(`${text}T12:00`).toLocaleDateString(language, { dateStyle: "medium" });
}

const SORTS = ["wallet", "risk", "cash", "card", "discount", "points", "free_drink", "gift"];

/** Return under which word a tender or a kind of voucher is known. */
export function sortOf(name) {
  const sort = name.split(":")[0];
  return SORTS.includes(sort) ? sort : "voucher";
}

/** Say of a voucher how many of it are left here, that it is used first, stays with the guest or is over. */
export function voucherWords(one, { speak, money, language }) {
  const name = (language && one.names ? named(one.names, language) : "") || speak(`receipt.tender.${sortOf(one.kind)}`);
  if (one.lapsed) return speak("voucher.over", { name, date: date(one.until, language) });
  if (one.declined) return speak("voucher.kept", { name });
  if (one.units === null || one.units === undefined) return speak("voucher.any", { name });
  return speak("voucher.here", { name, left: one.minor ? money(one.minor) : String(one.units) });
}
