/** Carrying: a pointer takes a card's sign along and lets it fall on a place; a click stays a click. */

const STILL_PX_MAX = 6;

/**
 * @param {HTMLElement} card what is taken
 * @param {SVGElement} sign what is seen in the hand; on touch screens only it can be taken, so that the page still scrolls
 * @param {{over: (at: Element|null) => Element|null|undefined, drop: (place: any) => void}} to
 */
export function carry(card, sign, { over, drop }) {
  let from = null;
  let hand = null;
  let place = null;

  const point = (next) => {
    if (next === place) return;
    place?.removeAttribute("data-over");
    next?.setAttribute("data-over", "");
    place = next;
  };
  const move = (event) => {
    const far = Math.hypot(event.clientX - from.x, event.clientY - from.y);
    if (!hand && far < STILL_PX_MAX) return;
    hand ??= lift(sign);
    hand.style.translate = `${event.clientX}px ${event.clientY}px`;
    point(over(document.elementFromPoint(event.clientX, event.clientY)) ?? null);
  };
  const end = (event) => {
    card.removeEventListener("pointermove", move);
    const dropped = hand && event.type === "pointerup" ? place : null;
    if (hand) card.addEventListener("click", (click) => click.stopImmediatePropagation(), { capture: true, once: true });
    if (hand) setTimeout(() => card.dispatchEvent(new Event("carried")));
    hand?.remove();
    hand = null;
    point(null);
    if (dropped) drop(dropped);
  };

  card.addEventListener("pointerdown", (event) => {
    const touch = event.pointerType !== "mouse" && !sign.contains(/** @type {Node} */ (event.target));
    if (event.button !== 0 || touch) return;
    from = { x: event.clientX, y: event.clientY };
    card.setPointerCapture(event.pointerId);
    card.addEventListener("pointermove", move);
    card.addEventListener("pointerup", end, { once: true });
    card.addEventListener("pointercancel", end, { once: true });
  });
  card.addEventListener("dragstart", (event) => event.preventDefault());
}

function lift(sign) {
  const hand = document.createElement("div");
  hand.className = "hand";
  hand.append(sign.cloneNode(true));
  document.body.append(hand);
  return hand;
}
