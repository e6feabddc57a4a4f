/** Orders on the staff page: what this store has in hand, and the next step of each. */

import { act, button, by, fill, page, place, speak, whyNot } from "./desk.js";
import { part, ring } from "./ring.js";
import { partsOf, stepOf, withOrder } from "./staff_orders_state.js";
import { named } from "./words.js";

/** Counters to choose from; nobody types. */
const COUNTERS = ["1", "2", "3"];

const thing = (line) => `${line.quantity > 1 ? `${line.quantity} × ` : ""}${named(line.names, page.language) || line.article}`;

export class Orders {
  #known = [];
  /** The order that is fetched without a band just now, and what was typed of it. */
  #open = "";
  #typed = { code: "", name: "" };

  /** Ask once for all; afterwards they are told. */
  async begin() {
    const answer = await act("/api/v1/staff/orders", { point: page.point.id });
    if (answer.ok) this.#known = answer.body.orders;
    this.paint({ recent: [], now_ms: Date.now() });
  }

  heard(event) {
    if (event.type === "order") this.#known = withOrder(this.#known, event.body);
  }

  paint(state) {
    const steps = this.#known.map((order) => stepOf(order, state.recent, state.now_ms));
    const key = JSON.stringify([this.#known, steps, this.#open]);
    if (by("orders").dataset.key === key) return;
    by("orders").dataset.key = key;
    fill(by("orders"), ...this.#known.map((order, number) => this.#row(order, steps[number], state)));
    by("orders-empty").hidden = this.#known.length > 0;
  }

  #row(order, step, state) {
    const row = part("li", "pickup");
    const words = part("div", "");
    const things = order.lines.map(thing).join(", ");
    const standing = order.state === "ready" && order.counter ? speak("staff.order_ready_at", { counter: order.counter }) : speak(`staff.order_${order.state}`);
    words.append(part("p", "strong", things), part("p", "soft", [order.name || speak("staff.guest_unknown"), standing].join(" · ")));
    row.append(ring(order.state === "ready" ? "go" : "wait"), words);
    if (step.act === "ready") row.append(...COUNTERS.map((counter) => button(speak("staff.order_do_ready", { counter }), () => this.#do(order, step, state, counter))));
    else if (step.act) row.append(button(speak(`staff.order_do_${step.act}`), () => this.#do(order, step, state)));
    else if (order.here) row.append(part("p", "soft small", speak("staff.order_hold_band")), this.#withoutBand(order, state));
    else row.append(part("p", "soft small", place(order.store)));
    row.append(...partsOf(order, step).map((line) => button(speak("staff.order_do_part", { what: thing(line) }), () => this.#do(order, { ...step, lines: [{ article: line.article, quantity: line.quantity }] }, state))));
    return row;
  }

  /** A way for who has no band: first a button, then the two things that they say. */
  #withoutBand(order, state) {
    if (this.#open !== order.id) {
      return button(speak("staff.order_by_code"), () => {
        this.#open = order.id;
        this.#typed = { code: "", name: "" };
        this.paint(state);
        by("orders").querySelector("input")?.focus();
      });
    }
    const form = part("form", "by-code");
    form.append(
      this.#field("code", "staff.order_code", { inputMode: "numeric", pattern: "[0-9 ]{6,7}", maxLength: 7 }),
      this.#field("name", "staff.order_name", { maxLength: 80 }),
    );
    const give = part("button", "button primary", speak("staff.order_do_hand_over"));
    give.type = "submit";
    const parts = partsOf(order, { act: "hand_over" }).map((line) => button(speak("staff.order_do_part", { what: thing(line) }), () => form.reportValidity() && this.#give(order, state, [{ article: line.article, quantity: line.quantity }])));
    form.append(give, ...parts);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#give(order, state, []);
    });
    return form;
  }

  #field(name, words, more) {
    const label = part("label", "field", speak(words));
    const input = Object.assign(document.createElement("input"), { name, required: true, autocomplete: "off", spellcheck: false, value: this.#typed[name], ...more });
    input.addEventListener("input", () => (this.#typed[name] = input.value));
    label.append(input);
    return label;
  }

  async #give(order, state, lines) {
    const said = { code: this.#typed.code.replaceAll(" ", ""), name: this.#typed.name.trim(), lines };
    const answer = await act(`/api/v1/staff/order/${encodeURIComponent(order.id)}/hand-over-by-code`, said);
    by("said").textContent = answer.ok ? speak("staff.done") : whyNot(answer);
    if (answer.ok) {
      this.#known = withOrder(this.#known, answer.body);
      this.#open = "";
    }
    this.paint(state);
  }

  async #do(order, step, state, counter = "") {
    const address = `/api/v1/staff/order/${encodeURIComponent(order.id)}`;
    const answer = step.act === "hand_over" ? await act(`${address}/hand-over`, { tap_id: step.tap, lines: step.lines ?? [] }) : await act(address, { state: step.act, counter });
    by("said").textContent = answer.ok ? speak("staff.done") : whyNot(answer);
    if (answer.ok) this.#known = withOrder(this.#known, answer.body);
    this.paint(state);
  }
}
