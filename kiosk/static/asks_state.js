/** Requests for a second person, as pure functions: which wait, whose they are, what may be done about each. */

/** @typedef {{id: string, kind: string, stage: string, asked_by: string, at_ms: number, until_ms: number}} Request */

/** Take one request in: only those that wait are kept, the oldest first. @param {Request[]} asks @param {Request} one */
export function withAsk(asks, one) {
  const others = asks.filter((known) => known.id !== one.id);
  return (one.stage === "open" ? [...others, one] : others).sort((a, b) => a.at_ms - b.at_ms);
}

/** Those that still wait by the server's clock. @param {Request[]} asks */
export const waiting = (asks, now_ms) => asks.filter((one) => now_ms < one.until_ms);

/** What a person may do about a request: nobody answers their own. @param {string[]} actions */
export function answersTo(one, person, actions) {
  const mine = one.asked_by === person;
  return { mine, answer: !mine && actions.includes("approve"), here: mine && actions.includes("call_second") };
}

/** What became of an own request, as the key of its sentence; nothing where it still waits or is another's. */
export function outcome(one, person) {
  return one.asked_by === person && one.stage !== "open" ? `staff.ask.${one.stage}` : "";
}
