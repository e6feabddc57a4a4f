/** What each family sounds like: rising means go, falling silence means ask somebody; nothing is loud or shrill. */

/** Tones as [hertz, begin in s, length in s]. @type {Record<string, ReadonlyArray<readonly [number, number, number]>>} */
export const SOUNDS = {
  go: [[659.3, 0, 0.14], [987.8, 0.12, 0.3]],
  ask: [[523.3, 0, 0.4]],
  wait: [[440, 0, 0.16], [440, 0.24, 0.16]],
  used: [[261.6, 0, 0.18], [261.6, 0.26, 0.24]],
  stop: [[196, 0, 0.42]],
  staff: [],
  again: [[1046.5, 0, 0.04]],
  reading: [[1046.5, 0, 0.03]],
  call: [[784, 0, 0.16], [659.3, 0.18, 0.16], [784, 0.36, 0.28]],
  alarm: [[880, 0, 0.2], [587.3, 0.24, 0.2], [880, 0.48, 0.2], [587.3, 0.72, 0.3]],
  out: [],
};

/** Say whether a local minute of the day lies in the quiet hours, which may span midnight. */
export function quiet(minute, from, until) {
  if (from == null || until == null || from === until) return false;
  return from < until ? minute >= from && minute < until : minute >= from || minute < until;
}

/** The one voice of a page. */
export class Sound {
  /** @param {number} volume 0 to 100 */
  constructor(volume) {
    this.volume = volume;
    this.context = null;
  }

  /** Whether the browser keeps us silent until somebody touches the screen. */
  get blocked() {
    return this.context?.state === "suspended";
  }

  /** Begin; call it again at the first touch. */
  async wake() {
    this.context ??= new AudioContext();
    if (this.blocked) await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, 200))]);
    return !this.blocked;
  }

  /** Play a family's tones. @param {string} name */
  play(name) {
    const tones = SOUNDS[name] ?? [];
    if (!this.context || this.blocked || this.volume <= 0) return;
    for (const tone of tones) this.#tone(...tone);
  }

  #tone(hertz, begin, length) {
    const start = this.context.currentTime + begin;
    const voice = this.context.createOscillator();
    const loudness = this.context.createGain();
    voice.type = "sine";
    voice.frequency.value = hertz;
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime((this.volume / 100) * 0.5, start + 0.015);
    loudness.gain.exponentialRampToValueAtTime(0.0008, start + length);
    voice.connect(loudness).connect(this.context.destination);
    voice.start(start);
    voice.stop(start + length + 0.02);
  }
}
