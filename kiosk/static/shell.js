/** The shell of a guest's screen: it survives a lost edge, and says once when it could not paint. */

import { post } from "./post.js";

const FIRST_WORD_MS = 1500;
const AGAIN_MS = 1000;
const PAGE_CHARS_MAX = 40;
const FAULT_CHARS_MAX = 200;

/** Keep the page for the time when the edge is down, and report a fault once; the mounted page stays. */
export function keepShell() {
  navigator.serviceWorker?.register("/sw.js").catch(() => {});
  addEventListener("error", (event) => complain(event.message), { once: true });
  addEventListener("unhandledrejection", (event) => complain(event.reason), { once: true });
}

/** Tell the edge what this page could not do. */
export function complain(fault) {
  return post("/api/v1/screen-faults", { page: location.pathname.slice(0, PAGE_CHARS_MAX), fault: String(fault).slice(0, FAULT_CHARS_MAX) });
}

const SOUND = "polso-sound";

/**
 * Wake the page's voice, and again at every touch; the screen remembers that somebody switched it on, and where a
 * browser then keeps it silent at the next start, operators hear of it.
 * @param {import("./sound.js").Sound} sound
 * @param {(awake: boolean) => void} [show]
 */
export async function keepSound(sound, show = () => {}) {
  const wake = async () => {
    const awake = sound.volume <= 0 || (await sound.wake());
    show(awake);
    return awake;
  };
  addEventListener("pointerdown", async () => (await wake()) && localStorage.setItem(SOUND, "on"));
  if (!(await wake()) && localStorage.getItem(SOUND) === "on") complain("sound blocked");
}

/** Whether to say that the page is looking for the edge: never in the first moment, when it always is. */
export function seeking(link, now) {
  return link === "reconnecting" || (link === "connecting" && now > FIRST_WORD_MS);
}

/** Do `act` until it works: a page that begins while the edge restarts must not stay empty. */
export async function untilDone(act) {
  for (;;) {
    try {
      return await act();
    } catch {
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  }
}
