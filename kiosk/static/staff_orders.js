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
    const key = JSON.stringify([this.#known, steps]);
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
    else if (order.here) row.append(part("p", "soft small", speak("staff.order_hold_band")));
    else row.append(part("p", "soft small", place(order.store)));
    row.append(...partsOf(order, step).map((line) => button(speak("staff.order_do_part", { what: thing(line) }), () => this.#do(order, { ...step, lines: [{ article: line.article, quantity: line.quantity }] }, state))));
    return row;
  }

  async #do(order, step, state, counter = "") {
    const address = `/api/v1/staff/order/${encodeURIComponent(order.id)}`;
    const answer = step.act === "hand_over" ? await act(`${address}/hand-over`, { tap_id: step.tap, lines: step.lines ?? [] }) : await act(address, { state: step.act, counter });
    by("said").textContent = answer.ok ? speak("staff.done") : whyNot(answer);
    if (answer.ok) this.#known = withOrder(this.#known, answer.body);
    this.paint(state);
  }
}
