/** Sizes from distance: how large a needed text must be, from the panel's pixels and the guest's steps away. */

const CAP_PER_EM = 0.668;
const MM_PER_INCH = 25.4;

/** Return the font size in px whose capitals subtend `degrees` at `metres`. */
export function fontFor(degrees, metres, ppi) {
  const cap_mm = metres * 1000 * Math.tan((degrees * Math.PI) / 180);
  return ((cap_mm / MM_PER_INCH) * ppi) / CAP_PER_EM;
}

/** Return the px of a length in mm. */
export function pixels(mm, ppi) {
  return (mm / MM_PER_INCH) * ppi;
}

/**
 * Set a page's sizes and contrast from its screen's record.
 * @param {{ppi?: number, distance_m?: number, text_percent?: number, contrast?: boolean}} screen
 */
export function fitToDistance(screen, root = document.documentElement) {
  const ppi = screen.ppi ?? 96;
  const metres = screen.distance_m ?? 1;
  const larger = (screen.text_percent ?? 100) / 100;
  root.style.setProperty("--arc", `${(fontFor(0.7, metres, ppi) * larger).toFixed(1)}px`);
  root.style.setProperty("--arc2", `${(fontFor(1.4, metres, ppi) * larger).toFixed(1)}px`);
  root.style.setProperty("--larger", String(larger));
  root.toggleAttribute("data-contrast", Boolean(screen.contrast));
  root.style.setProperty("--touch", `${pixels(20, ppi).toFixed(0)}px`);
  root.style.setProperty("--touch-gap", `${pixels(8, ppi).toFixed(0)}px`);
}
