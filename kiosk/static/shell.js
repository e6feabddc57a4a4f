/** The shell of a guest's screen: it survives a lost edge, and says once when it could not paint. */

import { post } from "./post.js";

const FIRST_WORD_MS = 1500;
const AGAIN_MS = 1000;
const PAGE_CHARS_MAX = 40;
const FAULT_CHARS_MAX = 200;

/** Keep the page for the time when the edge is down, and report a fault once; the mounted page stays. */
export function keepShell() {
  navigator.serviceWorker?.register("/sw.js").catch(() => {});
  const report = (message) => post("/api/v1/screen-faults", { page: location.pathname.slice(0, PAGE_CHARS_MAX), fault: String(message).slice(0, FAULT_CHARS_MAX) });
  addEventListener("error", (event) => report(event.message), { once: true });
  addEventListener("unhandledrejection", (event) => report(event.reason), { once: true });
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
