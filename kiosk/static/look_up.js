/** The look-up: a box that is always ready for the next scan, and the bands it found. */

import { part } from "./ring.js";
import { named } from "./words.js";
import { consents } from "./consents.js";
import { act, askReason, at, busy, button, by, fill, page, place, speak, whyNot } from "./desk.js";

const IDLE_MS = 20000;
const BAND = ["mistake", "guest_asked"];

export class LookUp {
  /** @param {{hear: (event: any) => void, settle: (asked: Promise<any>, type?: string) => Promise<string>}} desk */
  constructor(desk) {
    this.desk = desk;
    this.box = by("look-text");
    by("look").addEventListener("submit", (event) => this.search(event));
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => this.rest());
    this.rest();
  }

  /** Bring focus back once nobody has touched anything for a while. */
  rest() {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => busy() || this.box.focus({ preventScroll: true }), IDLE_MS);
  }

  /** Search, and clear the box at once, so that the next scan is not appended. */
  async search(event) {
    event.preventDefault();
    const text = this.box.value.trim();
    this.box.value = "";
    this.box.focus();
    if (text.length < 4) return;
    const answer = await act("/api/v1/staff/look-up", { text });
    if (answer.ok) this.desk.hear({ type: "found", body: { text, cards: answer.body.cards } });
    else by("said").textContent = whyNot(answer);
  }

  paint({ found }) {
    this.found = found;
    const key = JSON.stringify(found);
    if (by("cards").dataset.key === key) return;
    by("cards").dataset.key = key;
    if (!found) return fill(by("cards"));
    const head = speak(found.cards.length ? "staff.look_up_found" : "staff.look_up_none", { n: found.cards.length, text: found.text });
    const close = button(speak("staff.look_up_close"), () => this.close(), "quiet");
    fill(by("cards"), part("p", "strong", head), ...found.cards.map((card) => this.card(card)), close);
  }

  close() {
    this.desk.hear({ type: "found", body: null });
    this.box.focus();
  }

  card(card) {
    const made = part("article", "guest-card");
    const where = card.zone ? speak("staff.inside_zone", { place: place(card.zone) }) : speak("staff.outside_now");
    const products = (card.products ?? []).map((id) => page.products[id] ?? id).join(", ");
    const last = card.last && speak("staff.last_tap", { time: at(card.last.at_ms) });
    made.append(
      part("h3", "", card.name || speak("staff.guest_unknown")),
      part("p", "soft", [speak("staff.band", { band: card.band_short }), speak(`staff.state.${card.state ?? "active"}`)].join(" · ")),
      ...(card.looked_for ? [part("p", "soft", speak("staff.looked_for", { names: card.looked_for.map((one) => named(one.names, page.language) || one.article).join(", ") }))] : []),
      part("p", "", [products, card.tier, where, last].filter(Boolean).join(" · ")),
      ...(card.note ? [part("p", "strong", speak(`staff.card_note.${card.note}`))] : []),
    );
    const acts = part("div", "row");
    acts.append(...this.acts(card));
    made.append(acts);
    if (card.guest && page.actions.includes("set_consent")) {
      made.append(consents(card, { open: this.asking === card.band, opened: (is) => this.asks(card, is), said: (purpose, given) => this.consent(card, purpose, given), stop: () => this.stopCard(card) }));
    }
    return made;
  }

  acts(card) {
    const may = (action) => page.actions.includes(action);
    const state = card.state ?? "active";
    return [
      may("check") && button(speak("staff.check"), () => this.check(card), "primary"),
      may("report_lost") && state === "active" && this.change(card, "lost"),
      may("report_found") && state === "lost" && this.change(card, "found"),
      may("link") && card.guest && button(speak("staff.new_band"), () => this.newBand(card)),
      may("revoke") && state !== "revoked" && this.change(card, "revoke"),
      may("set_location") && button(speak("staff.outside"), () => this.move(card)),
    ].filter(Boolean);
  }

  /** Remember whose consents are open, so that news from elsewhere closes none. */
  asks(card, is) {
    if (is) this.asking = card.band;
    else if (this.asking === card.band) this.asking = null;
  }

  /** Record what a guest says of one purpose; the switch turns once it is written. */
  async consent(card, purpose, given) {
    const wrong = await this.desk.settle(act("/api/v1/staff/consent", { band: card.band, purpose, given }), "consent");
    const found = this.found;
    if (wrong || !found) return;
    const turned = (one) => (one.guest === card.guest ? { ...one, allows: [...(one.allows ?? []).filter((known) => known !== purpose), ...(given ? [purpose] : [])] } : one);
    this.desk.hear({ type: "found", body: { ...found, cards: found.cards.map(turned) } });
    document.getElementById(`consent-${card.band}-${purpose}-turn`)?.focus();
  }

  async stopCard(card) {
    const answer = await act("/api/v1/staff/stop-card", { band: card.band });
    by("said").textContent = answer.ok ? speak("staff.stop_card_done") : whyNot(answer);
  }

  async check(card) {
    const answer = await act("/api/v1/staff/check", { band: card.band, point: page.point.id });
    if (answer.ok) this.desk.hear({ type: "would", body: answer.body });
    else by("said").textContent = whyNot(answer);
  }

  /** Ask that the guest's rights move to a band of the stock: the one that was touched last, or one that is typed. */
  newBand(card) {
    const unlinked = this.desk.last().find((view) => view.reason === "band_unlinked");
    const box = Object.assign(part("input", ""), { value: unlinked?.band_short ?? "", minLength: 8, maxLength: 32, required: true });
    const label = part("label", "field", speak("staff.new_band_number"));
    label.append(box);
    const doIt = async (reason) => {
      const answer = await act("/api/v1/staff/look-up", { text: box.value.trim() });
      if (!answer.ok) return whyNot(answer);
      const [stock, ...more] = answer.body.cards.filter((found) => !found.guest);
      if (!stock || more.length) return speak("staff.new_band_none");
      return this.desk.ask("/api/v1/staff/ask/link", { band: stock.band, source: card.band, reason });
    };
    askReason({ title: speak("staff.new_band_title"), why: BAND, extra: [label], doIt });
  }

  change(card, what) {
    const doIt = (reason) => this.desk.settle(act("/api/v1/staff/band", { band: card.band, act: what, reason }), "band");
    return button(speak(`staff.${what}`), () => askReason({ title: speak(`staff.${what}_title`), why: BAND, doIt }));
  }

  move(card) {
    const zone = part("select", "");
    zone.append(Object.assign(part("option", "", speak("staff.outside_now")), { value: "" }));
    zone.append(...page.zones.map((id) => Object.assign(part("option", "", place(id)), { value: id })));
    const label = part("label", "field", speak("staff.zone"));
    label.append(zone);
    const doIt = (reason) => this.desk.settle(act("/api/v1/staff/location", { band: card.band, zone: zone.value || null, reason }), "location");
    askReason({ title: speak("staff.outside_title"), why: BAND, extra: [label], doIt });
  }
}
