/** Keys and menus by which a visitor would leave a guest's screen: none of them reaches the browser. */

const KEPT = /^F\d+$|^ContextMenu$|^BrowserBack$|^BrowserForward$|^BrowserHome$/;

/** Keep chords, function keys, menus and zoom from the browser; what types or moves the focus still works. */
export function keepKeys() {
  const stop = (event) => event.preventDefault();
  const chord = (event) => (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState("AltGraph");
  addEventListener("keydown", (event) => (chord(event) || KEPT.test(event.key)) && stop(event), { capture: true });
  addEventListener("wheel", (event) => event.ctrlKey && stop(event), { capture: true, passive: false });
  for (const name of ["contextmenu", "dragstart", "drop"]) addEventListener(name, stop, { capture: true });
}
