/** Cash for a wallet, as both sides of a till keep it: an answer that was overtaken changes nothing. */

const OVER = ["approved", "declined", "given_up"];

/** Return the newer of two views: what one movement of cash came to is final, whichever answer comes after. */
export function newerCash(known, told) {
  const same = known && told && known.op_id === told.op_id;
  return same && OVER.includes(known.state) && !OVER.includes(told.state) ? known : told;
}
