/** The bell: an alarm is heard when it comes, and again until a supervisor has seen it. */

import { Sound } from "./sound.js";

export const AGAIN_MS = 20000;

/** Say whether the bell must sound: something is new, or nobody has answered for a while. */
export function due(known, alarms, silent_ms) {
  const fresh = alarms.some((one) => known.get(one.id) !== (one.times ?? 1));
  return fresh || (alarms.length > 0 && silent_ms >= AGAIN_MS);
}

/** One page's bell; browsers let it sound after the first touch. */
export class Bell {
  #known = new Map();
  #rang_ms = 0;
  #sound = new Sound(80);

  constructor() {
    globalThis.addEventListener?.("pointerdown", () => this.#sound.wake());
    globalThis.addEventListener?.("keydown", () => this.#sound.wake());
  }

  /** Hear how things stand; every heartbeat comes here too. */
  ring(alarms) {
    const now = performance.now();
    const rings = due(this.#known, alarms, now - this.#rang_ms);
    this.#known = new Map(alarms.map((one) => [one.id, one.times ?? 1]));
    if (!rings) return;
    this.#rang_ms = now;
    this.#sound.play("alarm");
  }
}
