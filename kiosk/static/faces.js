/** Five faces from very bad to very good, drawn in the house's line; each stands with its word. */

const SVG = "http://www.w3.org/2000/svg";
export const FACES = [1, 2, 3, 4, 5];
/** Up to this face a guest may ask to be spoken to. */
export const UNHAPPY_MAX = 2;

/** A face in the house's line: the ring, two eyes, a mouth that says how it was. */
export function drawn(score) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("ring");
  const bend = (score - 3) * 11;
  for (const d of ["M50 6a44 44 0 1 0 .01 0", "M36 40v4M64 40v4", `M30 ${66 - bend / 2}Q50 ${66 + bend} 70 ${66 - bend / 2}`]) {
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", d);
    svg.append(line);
  }
  return svg;
}
