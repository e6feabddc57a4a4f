/** The ring: one drawing, cloned from the page's template, and the two custom elements that show it or stand beside it. */

/** @typedef {"plain"|"idle"|"reading"|"go"|"ask"|"wait"|"used"|"stop"|"staff"|"again"|"stale"|"out"} Shape */

/**
 * Draw a ring.
 * @param {Shape} shape
 * @returns {SVGElement}
 */
export function ring(shape = "plain") {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("ring"));
  const drawn = /** @type {SVGElement} */ (template.content.firstElementChild.cloneNode(true));
  drawn.dataset.shape = shape;
  return drawn;
}

/**
 * Make an element with a class and, where given, its words.
 * @param {string} tag
 * @param {string} className
 * @param {string} [words]
 */
export function part(tag, className, words = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = words;
  return made;
}

/** @typedef {{shape: Shape, word: string, line?: string, lang?: string, sentence?: boolean}} Shown */

/** One verdict: a shape, a word and at most one line; its rows never move. */
export class Verdict extends HTMLElement {
  connectedCallback() {
    if (this.firstElementChild) return;
    this.word = part("p", "word");
    this.line = part("p", "line");
    const words = part("div", "words");
    words.setAttribute("role", this.getAttribute("live") === "off" ? "group" : "alert");
    words.append(this.word, this.line);
    this.sign = ring("idle");
    this.append(this.sign, words);
  }

  /** Show a verdict; the same one again changes nothing, so that it is spoken once. @param {Shown} shown */
  show(shown) {
    const same = this.shown && ["shape", "word", "line", "lang"].every((key) => this.shown[key] === shown[key]);
    if (same) return;
    this.shown = shown;
    this.dataset.shape = shown.shape;
    this.toggleAttribute("data-sentence", Boolean(shown.sentence));
    this.sign.dataset.shape = shown.shape;
    this.lang = shown.lang ?? "";
    this.style.setProperty("--chars", String(Math.max(4, shown.word.length)));
    this.word.textContent = shown.word;
    this.line.textContent = shown.line ?? "";
  }
}

const PIN_DIGITS_MAX = 12;
const TEN = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];

/** A pad of ten keys for a PIN: masked (but with ``plain``, a code that is good once), told to nobody but by one `pin` event, forgotten at once. */
export class Pad extends HTMLElement {
  /** @type {string[]} */
  #digits = [];

  connectedCallback() {
    if (this.firstElementChild) return;
    this.setAttribute("role", "group");
    this.count = part("output", "count");
    this.dots = part("div", "dots");
    this.dots.setAttribute("aria-hidden", "true");
    const spoken = part("span", "sr");
    this.count.append(this.dots, spoken);
    this.spoken = spoken;
    this.keys = part("div", "keys");
    for (const digit of this.#order()) this.keys.append(this.#key(digit, digit, () => this.press(digit)));
    this.keys.insertBefore(this.#key("⌫", this.getAttribute("delete-label") ?? "", () => this.back()), this.keys.lastChild);
    const enter = this.#key("✓", this.getAttribute("enter-label") ?? "", () => this.enter());
    enter.classList.add("primary");
    this.keys.append(enter);
    this.append(this.count, this.keys);
    this.addEventListener("keydown", (event) => this.#typed(event));
    this.#draw();
  }

  /** @param {string} digit */
  press(digit) {
    if (this.#digits.length < PIN_DIGITS_MAX) this.#digits.push(digit);
    this.#draw();
  }

  back() {
    this.#digits.pop();
    this.#draw();
  }

  clear() {
    this.#digits.fill("");
    this.#digits.length = 0;
    this.#draw();
  }

  enter() {
    if (!this.#digits.length) return;
    const pin = this.#digits.join("");
    this.clear();
    this.dispatchEvent(new CustomEvent("pin", { detail: pin, bubbles: true }));
  }

  #order() {
    if (!this.hasAttribute("shuffle")) return TEN;
    const order = [...TEN];
    const chance = crypto.getRandomValues(new Uint32Array(order.length));
    for (let i = order.length - 1; i > 0; i -= 1) {
      const j = chance[i] % (i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  #key(face, label, act) {
    const key = /** @type {HTMLButtonElement} */ (part("button", "button touch", face));
    key.type = "button";
    if (label && label !== face) key.setAttribute("aria-label", label);
    key.addEventListener("click", act);
    return key;
  }

  #typed(event) {
    if (TEN.includes(event.key)) this.press(event.key);
    else if (event.key === "Backspace") this.back();
    else if (event.key === "Enter" && event.target === this) this.enter();
    else return;
    event.preventDefault();
  }

  #draw() {
    if (!this.dots) return;
    this.dots.textContent = this.hasAttribute("plain") ? this.#digits.join("") || "–" : "●".repeat(this.#digits.length) || "○ ○ ○ ○";
    const sentence = this.getAttribute("count-label") ?? "";
    this.spoken.textContent = sentence.replace("{count}", String(this.#digits.length));
  }
}

customElements.define("polso-verdict", Verdict);
customElements.define("polso-pad", Pad);
