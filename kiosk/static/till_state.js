/** What a till knows, as one pure function of what it has heard; the basket is the edge's, never the page's. */

import { withAsk } from "./asks_state.js";
import { newerCash } from "./till_cash.js";

export const OPEN = ["idle", "basket", "await_tap", "pin", "partly_paid", "short", "declined"];
export const ENDED = ["held", "approved", "given_up", "voided"];
const QUANTITY_MAX = 999;

/** @typedef {{id: string, n: number}} Piece */

export function begin() {
  return { link: "connecting", health: null, basket: null, cash: null, help: [], alarms: [], asks: [], now_ms: 0 };
}

/**
 * @param {ReturnType<typeof begin>} state
 * @param {{type: string, body?: any}} event
 */
export function reduce(state, event) {
  const { type, body } = event;
  switch (type) {
    case "hello": case "hb": return { ...state, now_ms: body.at_ms };
    case "resync": return { ...state, basket: newer(null, body.basket), health: body.health, help: (body.help ?? []).filter((call) => !call.acknowledged_ms), alarms: body.alarms ?? [], asks: body.approvals ?? [], now_ms: body.at_ms };
    case "basket": return { ...state, basket: newer(state.basket, body) };
    case "cash": return { ...state, cash: newerCash(state.cash, body) };
    case "cash_done": return { ...state, cash: null };
    case "health": return { ...state, health: body, now_ms: body.at_ms };
    case "approval": return { ...state, asks: withAsk(state.asks, body) };
    case "alarm": return { ...state, alarms: [...state.alarms.filter((one) => one.id !== body.id), ...(body.acknowledged_ms ? [] : [body])] };
    case "help": return { ...state, help: [...state.help.filter((one) => one.id !== body.id), ...(body.acknowledged_ms ? [] : [body])] };
    case "link": return { ...state, link: body };
    default: return state;
  }
}

/** Return the newer of two views: of one basket the higher revision, of two baskets the one told last. */
export function newer(known, told) {
  if (!told) return known;
  if (known && known.op_id === told.op_id && (known.rev ?? 0) > (told.rev ?? 0)) return known;
  return told;
}

/** Whether a basket is being sold: then it is what the next ring changes. */
export function selling(basket) {
  return Boolean(basket?.op_id) && !ENDED.includes(basket.state ?? "idle");
}

/**
 * Return what was rung up, out of lines: a deposit that came with its article is no piece of its own.
 * @param {{item: string, quantity: number}[]} lines
 * @param {{id: string, deposit?: string}[]} tiles
 * @returns {Piece[]}
 */
export function piecesOf(lines, tiles) {
  const known = new Map(tiles.map((tile) => [tile.id, tile]));
  const pieces = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    pieces.push({ id: line.item, n: line.quantity });
    const lent = known.get(line.item)?.deposit;
    if (lent && lines[at + 1]?.item === lent && lines[at + 1].quantity === line.quantity) at += 1;
  }
  return pieces;
}

/** Return pieces with so many more of one article; none left takes it out. */
export function withMore(pieces, id, more) {
  const known = pieces.find((piece) => piece.id === id);
  if (!known) return [...pieces, { id, n: more }];
  const n = Math.max(-QUANTITY_MAX, Math.min(QUANTITY_MAX, known.n + more));
  return pieces.map((piece) => (piece.id === id ? { id, n } : piece)).filter((piece) => piece.n !== 0);
}

/** Whether the guest can still keep a voucher. */
export const keeping = (basket) => !basket?.undoing && ["basket", "await_tap", "pin", "short"].includes(basket?.state);

/** Whether its lines can still be changed: before any band was read for them. */
export const editable = (basket) => selling(basket) && !basket.undoing && ["basket", "await_tap"].includes(basket.state);

/** Return which kinds stay with the guest once one of these vouchers is left out, or used after all. */
export function keptAfter(vouchers, turned) {
  return vouchers.filter((one) => !one.lapsed && Boolean(one.declined) !== (one === turned)).map((one) => one.kind);
}

/** Return the tiles that are shown: those of a group, or those that are looked for in any. */
export function shownTiles(tiles, group, text) {
  const wanted = plain(quantityIn(text).text);
  if (wanted) return tiles.filter((tile) => plain(tile.name).includes(wanted) || tile.codes.includes(wanted) || tile.id === wanted);
  return tiles.filter((tile) => !group || tile.group === group);
}

/** Read "3*coffee" or "3": so many, and the rest of the words. */
export function quantityIn(text) {
  const found = /^\s*(\d{1,3})\s*(?:[*x×]\s*(.*)|)$/i.exec(text);
  return found ? { n: Number(found[1]), text: (found[2] ?? "").trim() } : { n: 1, text: text.trim() };
}

/** Return the one article that a typed or scanned text names, or nothing. */
export function found(tiles, text) {
  const { n, text: words } = quantityIn(text);
  const exact = tiles.find((tile) => tile.codes.includes(text.trim()) || tile.id === text.trim());
  if (exact) return { tile: exact, n: 1 };
  const byCode = tiles.find((tile) => words && (tile.codes.includes(words) || tile.id === words));
  const matches = byCode ? [byCode] : shownTiles(tiles, "", words ? words : "\u0000").filter((tile) => !tile.off);
  return matches.length === 1 ? { tile: matches[0], n } : null;
}

/** Return an amount that somebody typed in minor units, or null. */
export function minorIn(text, digits) {
  const bare = text.trim().replace(",", ".");
  if (!/^\d{1,9}(\.\d*)?$/.test(bare)) return null;
  const [whole, rest = ""] = bare.split(".");
  return rest.length > digits ? null : Number(whole + rest.padEnd(digits, "0"));
}

/** Letters without case and accents. */
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

/** What the cashier can do about the basket as it stands, the first one by Enter. */
export function actsOn(basket, actions) {
  const may = (action) => actions.includes(action);
  const state = basket?.state ?? "idle";
  const lines = basket?.lines?.length ?? 0;
  if (!may("sell")) return [];
  const other = basket?.hold ? [] : ["cash", "card"];
  const slips = basket?.back_id ? ["slip", "slip_phone"] : [];
  switch (state) {
    case "basket": return lines ? ["pay", "cash", "card", "hold", "give_up"] : [];
    case "await_tap": return basket.undoing ? ["leave_paid"] : ["back", ...other, ...(basket.hold ? ["hold_until"] : []), "give_up"];
    case "pin": return ["back", ...other];
    case "short": return [basket.ready_here_minor > 0 ? "part" : "", "another", ...other, basket.hold ? "" : "risk", "back"].filter(Boolean);
    case "declined": return [basket.reason === "age_confirm" || basket.reason === "age_min" ? "age" : "", "another", ...other, "back"].filter(Boolean);
    case "partly_paid": return ["another", "cash", "card", "give_up"];
    case "held": return ["next", "receipt", "phone", "capture", "release"];
    case "approved": return ["next", ...slips, "receipt", ...(slips.length ? [] : ["phone"]), !slips.length && basket.undo_until_ms ? "undo" : "", may("void") ? "void" : ""].filter(Boolean);
    case "voided": return ["next", ...(slips.length ? slips : ["receipt", "phone"])];
    case "given_up": return ["next", ...slips];
    default: return [];
  }
}
