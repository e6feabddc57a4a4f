/** What staff do next with an order, as a pure function; handed over is only to the band that was just held here. */

/** So long after a tap its band still counts as held. */
export const HELD_MS = 120000;

/** @returns {{act: ""|"picking"|"ready"|"hand_over", tap?: string}} */
export function stepOf(order, recent, now_ms) {
  if (!order.here) return { act: "" };
  if (["placed", "reserved"].includes(order.state)) return { act: "picking" };
  if (order.state === "picking") return { act: "ready" };
  const tap = recent.find((view) => view.guest === order.guest && view.point === order.store && now_ms - view.at_ms <= HELD_MS);
  return tap ? { act: "hand_over", tap: tap.tap_id } : { act: "" };
}

/** What of an order can be handed over by itself: one of each of its articles, where there is more than one thing. */
export function partsOf(order, step) {
  const many = order.lines.length > 1 || order.lines.some((line) => line.quantity > 1);
  return step.act === "hand_over" && many ? order.lines.map((line) => ({ ...line, quantity: 1 })) : [];
}

/** The list after one order came further: what is over leaves it, what is ready stands first. */
export function withOrder(orders, order) {
  const others = orders.filter((known) => known.id !== order.id);
  const all = ["handed_over", "expired", "cancelled"].includes(order.state) ? others : [...others, order];
  return all.sort((a, b) => Number(b.state === "ready") - Number(a.state === "ready") || a.id.localeCompare(b.id));
}
