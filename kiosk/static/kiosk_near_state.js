/** What stands beside a guest's plan, as pure functions: other times, orders, shelves, five faces. */

/** Phases that belong to who stands here; untouched, each ends with the question. */
export const PERSONAL = ["plan", "mine", "times", "shelves", "offer", "taken"];

/** Nothing of anybody. */
export const nobodyNear = () => ({ near: null, times: null, shelves: null, face: 0, said: false, note: "" });

const belongs = (state, body) => PERSONAL.includes(state.phase) && body?.tap_id === state.plan?.tap_id;
const home = (state, until) => ({ ...state, phase: "plan", times: null, shelves: null, until });

/** Acts on the part that stands beside the plan; `until` is when an untouched page asks. */
export const NEAR_ACTS = {
  beside: (state, { body }) => (belongs(state, body) ? { ...state, near: body } : state),
  times: (state, { body, until }) => (belongs(state, body) ? (body.done ? moved(state, body, until) : { ...state, phase: "times", times: body, note: "", until }) : state),
  shelves: (state, { body, until }) => (belongs(state, body) ? { ...state, phase: "shelves", shelves: body, note: "", until } : state),
  ordered: (state, { body, until }) => (belongs(state, body) ? { ...home(state, until), near: withOrder(state.near, body.order), note: body.order.state === "placed" ? "near.asked_there" : "near.set_aside" } : state),
  face: (state, { body, until }) => (belongs(state, state.plan) && state.near?.ask ? { ...state, face: body, until } : state),
  said: (state, { until }) => (belongs(state, state.plan) ? { ...state, near: state.near && { ...state.near, ask: "" }, face: 0, said: true, until } : state),
  "near-refused": (state, { body, until }) => (belongs(state, state.plan) ? { ...home(state, until), face: 0, ...refused(body) } : state),
};

/** Whoever takes back that we use what they look for sees none of it any more, before anybody is asked. */
export function stillOpen(near, { consents }) {
  const given = (purpose) => (consents ?? []).some((one) => one.purpose === purpose && one.given);
  return near && { ...near, unfinished: ["offers", "offers:interest"].every(given) ? near.unfinished : [] };
}

/** A booking has another time now: the plan says so at once. */
function moved(state, { entitlement, choices }, until) {
  const [time] = choices;
  const items = (state.plan.items ?? []).map((item) => (item.entitlement === entitlement ? { ...item, start_ms: time.start_ms, end_ms: time.end_ms } : item));
  return { ...home(state, until), plan: { ...state.plan, items }, note: "near.moved" };
}

function withOrder(near, order) {
  const others = (near?.orders ?? []).filter((known) => known.id !== order.id);
  return { ...near, orders: [...others, order] };
}

/** Why not, in words for a guest: hold the band again, it has just gone, or ask us. */
function refused(kind) {
  if (kind === "HoldAgain") return { again: true, note: "" };
  return { note: ["Gone", "NoneLeft"].includes(kind) ? "near.gone" : "near.ask_us" };
}
