/** Offers beside a guest's plan, as pure functions: three tiles, one of them large, and what was taken up. */

/** Never more than these: one row that a glance takes in. */
export const TILES_MAX = 3;

export const noOffers = () => ({ offers: null, offer: "", taken: null });

const mine = (state, body) => ["plan", "offer", "taken"].includes(state.phase) && body?.tap_id === state.plan?.tap_id;
const tileOf = (state, exposure) => (state.offers?.tiles ?? []).find((tile) => tile.exposure === exposure);

/** Acts on offers; `until` is when an untouched page asks. */
export const OFFER_ACTS = {
  // Asked once a greeting: a second answer must not take away what somebody reads just now.
  offers: (state, { body }) => (mine(state, body) && !state.offers ? { ...state, offers: { ...body, tiles: (body.tiles ?? []).slice(0, TILES_MAX) } } : state),
  offer: (state, { body, until }) => (mine(state, state.plan) && tileOf(state, body) ? { ...state, phase: "offer", offer: body, note: "", until } : state),
  taken: (state, { body, until }) => (mine(state, body) && tileOf(state, body.exposure) ? { ...state, phase: "taken", taken: body, offers: marked(state.offers, body.exposure), until } : state),
  quiet: (state, { until }) => (mine(state, state.plan) ? { ...state, phase: "plan", offer: "", offers: null, until } : state),
  declined: (state, { body, until }) => (mine(state, state.plan) ? { ...state, phase: "plan", offer: "", offers: without(state.offers, body), until } : state),
};

function marked(offers, exposure) {
  return { ...offers, tiles: offers.tiles.map((tile) => (tile.exposure === exposure ? { ...tile, taken: true } : tile)) };
}

function without(offers, exposure) {
  return offers && { ...offers, tiles: offers.tiles.filter((tile) => tile.exposure !== exposure) };
}

/** The tile that stands large. */
export const shownTile = (state) => tileOf(state, state.offer);
