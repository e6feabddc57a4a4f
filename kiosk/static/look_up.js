/** The look-up: a box that is always ready for the next scan, and the bands it found. */

import { part } from "./ring.js";
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
      part("p", "", [products, card.tier, where, last].filter(Boolean).join(" · ")),
    );
    const acts = part("div", "row");
    acts.append(...this.acts(card));
    made.append(acts);
    return made;
  }

  acts(card) {
    const may = (action) => page.actions.includes(action);
    const state = card.state ?? "active";
    return [
      may("check") && button(speak("staff.check"), () => this.check(card), "primary"),
      may("report_lost") && state === "active" && this.change(card, "lost"),
      may("report_found") && state === "lost" && this.change(card, "found"),
      may("revoke") && state !== "revoked" && this.change(card, "revoke"),
      may("set_location") && button(speak("staff.outside"), () => this.move(card)),
    ].filter(Boolean);
  }

  async check(card) {
    const answer = await act("/api/v1/staff/check", { band: card.band, point: page.point.id });
    if (answer.ok) this.desk.hear({ type: "would", body: answer.body });
    else by("said").textContent = whyNot(answer);
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
