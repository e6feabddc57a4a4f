/** What staff may do about the offers of one choice, as a pure function: only what the guest has seen, and only theirs. */

/** @returns {{offer: string, exposure: string, take: boolean}[]} */
export function actsOf(one, actions = []) {
  if (!one.personal || !actions.includes("give_offer")) return [];
  const has = (list, exposure) => (list ?? []).includes(exposure);
  return (one.choice.tiles ?? [])
    .map(([offer, position]) => ({ offer, exposure: `${one.exposure}.${position}` }))
    .filter(({ exposure }) => has(one.shown, exposure) && !has(one.declined, exposure))
    .map((tile) => ({ ...tile, take: !has(one.taken, tile.exposure) }));
}
