/** What the ops page knows, as one pure function of what it has heard. */

import { begin as beginDesk, reduce as reduceDesk } from "./staff_state.js";

export const SAMPLES_MAX = 144;
export const TAPS_MAX = 20;

export function begin() {
  return { ...beginDesk(), samples: [], screens: { open: 0, max: 0 } };
}

/**
 * @param {ReturnType<typeof begin>} state
 * @param {{type: string, body?: any, age?: number}} event
 */
export function reduce(state, event) {
  const next = { ...state, ...reduceDesk(state, event) };
  if (event.type === "screens") return { ...next, screens: event.body };
  const health = event.type === "resync" ? event.body.health : event.type === "health" ? event.body : null;
  return health ? { ...next, samples: sampled(state.samples, health) } : next;
}

/** Keep one sample of the percentiles per health report; the oldest goes first. */
function sampled(samples, health) {
  const last = samples.at(-1);
  if (last && health.at_ms <= last.at_ms) return samples;
  if (health.p50_ms == null) return samples; // no tap was decided yet: there is nothing to draw
  const sample = { at_ms: health.at_ms, p50: health.p50_ms, p99: health.p99_ms ?? null };
  return [...samples, sample].slice(-SAMPLES_MAX);
}

/** Reasons by how often, the most frequent first: ``[reason, taps, share of the largest]``. */
export function ranked(reasons) {
  const rows = Object.entries(reasons ?? {}).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const largest = rows[0]?.[1] || 1;
  return rows.map(([reason, n]) => [reason, n, n / largest]);
}

/** Points with people in, out and refused. */
export function byPoint(counters) {
  const ids = new Set([counters?.entered, counters?.exited, counters?.denied].flatMap((counts) => Object.keys(counts ?? {})));
  return [...ids].sort().map((id) => [id, ...["entered", "exited", "denied"].map((kind) => counters[kind]?.[id] ?? 0)]);
}

/** Sixty minutes, oldest first: ``[minutes ago, taps]``. */
export function minutes(counters) {
  const counts = counters?.per_minute ?? [];
  return counts.map((n, i) => [counts.length - 1 - i, n]);
}

/** The sum of counts, or of those under some ids: a child zone's people are in its parent too. */
export function sum(counts, ids = Object.keys(counts ?? {})) {
  return ids.reduce((total, id) => total + (counts?.[id] ?? 0), 0);
}
