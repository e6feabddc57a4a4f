/** Which pieces of which lines are meant: one big key a line, each press one more, after the last none. */

import { part } from "./ring.js";
import { button, speak } from "./desk.js";
import { money, nameOf } from "./till_view.js";

/**
 * @param {{name: string, price_minor: number, quantity: number, left?: number}[]} lines
 * @param {{all?: boolean, told?: (minor: number) => void}} how `all` begins with everything; `told` hears each sum
 */
export function picker(lines, { all = false, told = () => {} } = {}) {
  const counts = lines.map((line) => (all ? (line.left ?? 0) : 0));
  const sum = part("p", "strong num");
  sum.setAttribute("role", "status");
  const keys = lines.map((line, at) => key(line, at));
  const element = part("div", "pieces");
  element.append(...keys.filter(Boolean), sum);
  const total = () => lines.reduce((minor, line, at) => minor + Math.sign(line.quantity) * line.price_minor * counts[at], 0);
  const paint = () => {
    for (const [at, line] of lines.entries()) if (keys[at]) paintKey(keys[at], line, counts[at]);
    sum.textContent = speak("till.lines_sum", { amount: money(total()) });
    told(total());
  };

  function key(line, at) {
    if (!line.left) return null;
    const made = button("", () => {
      counts[at] = counts[at] < line.left ? counts[at] + 1 : 0;
      paint();
    }, "piece");
    made.append(part("span", "piece-name"), part("span", "piece-n num"), part("span", "piece-sum num"));
    return made;
  }

  paint();
  return { element, minor: total, chosen: () => counts.map((n, line) => ({ line, n })).filter((one) => one.n > 0) };
}

function paintKey(made, line, n) {
  const [name, many, sum] = made.children;
  made.setAttribute("aria-pressed", String(n > 0));
  name.textContent = nameOf(line);
  many.textContent = speak("till.piece", { n, left: line.left });
  sum.textContent = money(Math.sign(line.quantity) * line.price_minor * (n || line.left));
}
