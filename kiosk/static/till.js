/** The till: hears, reduces, paints; what is rung up is at the edge before it is on the bill. */

import { part, ring } from "./ring.js";
import { act, at, button, busy, by, fill, page, paintAlerts, paintPills, speak, whyNot } from "./desk.js";
import { Asks } from "./asks.js";
import { newOp } from "./post.js";
import { openStream } from "./stream.js";
import { Back } from "./till_back.js";
import { Drawer } from "./till_drawer.js";
import { money, statePanel, sums, lineRow, voucherRows } from "./till_view.js";
import { actsOn, begin, editable, found, keeping, piecesOf, quantityIn, reduce, selling, shownTiles, withMore } from "./till_state.js";
import { keepShell } from "./shell.js";

const ROOM = `/api/v1/till/${encodeURIComponent(page.point.id)}`;
const KEYS = { pay: "Enter", cash: "F2", card: "F3", hold: "F4", hold_until: "F4" };
let state = begin();
let group = page.groups[0]?.id ?? "";
let fresh = false;
let queue = Promise.resolve();
let waiting = null;

/** The basket's id is made here and lives as long as the basket: the same one is never charged twice. */
const freshOp = () => `b-${newOp().slice(0, 24)}`;
/** What stands on the bill, as the edge has it; after "next" nothing does. */
const shown = () => (fresh && !selling(state.basket) ? null : state.basket);

function hear(event) {
  state = reduce(state, event);
  if (selling(state.basket)) fresh = false;
  asks.heard(event);
  if (event.type === "resync" || event.type === "basket") waiting = null;
  paint();
}

function paint() {
  paintPills(by("pills"), state, page.point.id);
  paintAlerts(by("alerts"), state, { resume: () => stream.resume(), go: (call) => send(`/api/v1/staff/help/${call.id}`, {}), seen: (one) => send(`/api/v1/staff/alarm/${one.id}`, {}) });
  asks.paint(state);
  paintTiles();
  paintBill();
}

function paintTiles() {
  const text = by("find").value;
  const key = JSON.stringify([group, text, waiting]);
  if (by("tiles").dataset.key === key) return;
  by("tiles").dataset.key = key;
  const tabs = page.groups.map((one) => {
    const tab = button(one.name, () => { group = one.id; by("find").value = ""; paint(); by("groups").querySelector("[aria-pressed=true]")?.focus(); });
    tab.setAttribute("aria-pressed", String(one.id === group && !text));
    return tab;
  });
  fill(by("groups"), ...tabs);
  const tiles = shownTiles(page.tiles, group, text);
  fill(by("tiles"), ...tiles.map(tileOf));
  by("find-said").textContent = text && !tiles.length ? speak("till.not_found") : "";
}

function tileOf(tile) {
  const made = button("", (event) => {
    add(tile, quantityIn(by("find").value).n);
    // By hand: Enter is for paying again at once. By key: the hand stays where it was.
    if (event.detail) by("find").focus();
  }, "tile");
  made.append(part("span", "tile-name", tile.name), part("span", "tile-price", money(tile.price_minor)));
  if (tile.age_min) made.append(part("span", "badge", speak("till.from_age", { age: tile.age_min })));
  made.disabled = tile.off;
  return made;
}

/** Put so many on the bill; of a deposit alone, take them back when Shift or minus said so. */
function add(tile, n) {
  by("find").value = "";
  change((pieces) => withMore(pieces, tile.id, n));
}

/** Change what is rung up: one after the other, each durable at the edge before the next. */
function change(turn) {
  queue = queue.then(async () => {
    const stands = shown();
    const going = selling(stands);
    const pieces = turn(waiting ?? (going ? piecesOf(stands.lines ?? [], page.tiles) : []));
    waiting = pieces;
    const body = { op_id: going ? stands.op_id : freshOp(), rev: going ? (stands.rev ?? 0) : 0, pieces };
    const answer = await act(`${ROOM}/ring`, body);
    waiting = null;
    told(answer);
  });
  return queue;
}

/** Take an answer in as the basket's newest state, or say why not. */
function told(answer) {
  by("said").textContent = answer.ok ? "" : whyNot(answer);
  if (answer.ok) hear({ type: "basket", body: answer.body });
  drawer.demand(answer);
  return answer.ok;
}

async function send(address, body) {
  const answer = await act(address, body);
  by("said").textContent = answer.ok ? "" : whyNot(answer);
  return answer;
}

const onBasket = async (name, more = {}) => told(await act(`${ROOM}/${name}`, { op_id: state.basket.op_id, ...more }));

function paintBill() {
  const basket = shown();
  const key = JSON.stringify([basket, page.actions, state.cash]);
  if (by("lines").dataset.key === key) return;
  by("lines").dataset.key = key;
  const lines = (basket?.lines ?? []).map((line) => lineRow(line, editable(basket) ? (n) => change((pieces) => withMore(pieces, line.item, n)) : null));
  const keep = page.actions.includes("sell") && keeping(basket) ? (kinds) => onBasket("vouchers", { kinds }) : null;
  fill(by("lines"), ...lines, ...voucherRows(basket, keep));
  by("lines").scrollTop = by("lines").scrollHeight;
  fill(by("sums"), ...sums(basket));
  by("state").dataset.state = state.cash ? "cash" : (basket?.state ?? "idle");
  fill(by("state"), ...(state.cash ? drawer.panel(state.cash) : statePanel(basket)));
  fill(by("acts"), ...(state.cash ? drawer.cashActs(state.cash) : actsOn(basket, page.actions).map(actOf)));
}

const DO = {
  pay: () => onBasket("await"),
  another: () => (state.basket.hold ? onBasket("hold", { minutes: state.basket.hold_minutes }) : onBasket("await")),
  hold: () => onBasket("hold"),
  hold_until: () => back.howLong(state.basket),
  capture: () => back.capture(state.basket),
  release: () => onBasket("give-up"),
  back: () => ringAgain(),
  part: () => onBasket("part"),
  risk: () => onBasket("risk"),
  age: () => onBasket("age"),
  cash: () => takeAmount("cash"),
  card: () => takeAmount("card"),
  give_up: () => onBasket("give-up"),
  leave_paid: () => onBasket("give-up"),
  next: () => { fresh = true; by("find").focus(); paint(); },
  receipt: () => drawer.print(state.basket.op_id),
  phone: () => drawer.toPhone(state.basket.op_id),
  undo: () => onBasket("undo", { back_id: freshOp() }),
  void: () => back.takeBack(state.basket, "void"),
  slip: () => drawer.print(state.basket.back_id),
  slip_phone: () => drawer.toPhone(state.basket.back_id),
};

function actOf(name, at) {
  const label = name === "part" ? speak("till.act.part", { amount: money(state.basket.ready_here_minor) }) : speak(`till.act.${name}`);
  const made = button(label, DO[name], at === 0 ? "primary big" : "big");
  if (KEYS[name]) made.append(part("kbd", "", KEYS[name] === "Enter" ? "⏎" : KEYS[name]));
  made.dataset.act = name;
  return made;
}

/** The same lines once more: the till waits for no band, and they can be changed again. */
function ringAgain() {
  return change((pieces) => pieces);
}

function takeAmount(kind) {
  const due = state.basket.due_minor ?? state.basket.total_minor;
  // One act for the whole dialog: where no answer came, pressing again lays no second note down.
  const op = newOp();
  drawer.askAmount({ title: speak(`till.act.${kind}`), line: speak("till.due_is", { amount: money(due) }), begin: due, doIt: async (minor) => {
    const change_minor = kind === "cash" ? Math.max(0, minor - due) : 0;
    const good = await onBasket(kind, { op, minor: Math.min(minor, due) });
    if (good && change_minor) by("said").textContent = speak("till.change", { amount: money(change_minor) });
    return good ? "" : by("said").textContent;
  } });
}

// Keys: a scanner types and ends with Enter, a cashier types names or quantities, Escape goes back.

by("find").addEventListener("input", paintTiles);
document.addEventListener("keydown", (event) => {
  if (busy() || event.ctrlKey || event.metaKey || event.altKey) return;
  const inFind = event.target === by("find");
  if (event.key === "Escape") return escape(event);
  const keyed = Object.keys(KEYS).find((name) => KEYS[name] === event.key && keyFor(name));
  if (keyed && event.key !== "Enter") return press(event, keyed);
  if (event.key === "Enter" && (inFind || event.target === document.body || event.target === by("lines"))) return enter(event);
  if ((event.key === "+" || event.key === "-") && !by("find").value) return lastLine(event, event.key === "+" ? 1 : -1);
  if (event.key.length === 1 && event.key !== " " && !inFind) by("find").focus();
});

function escape(event) {
  event.preventDefault();
  if (by("find").value) {
    by("find").value = "";
    paintTiles();
  } else press(event, keyFor("back") ? "back" : "leave_paid");
}

function enter(event) {
  event.preventDefault();
  const text = by("find").value;
  if (!text.trim()) return press(event, by("acts").querySelector("[data-act]")?.dataset.act ?? "");
  if (text.startsWith("c.") && shown()?.lines?.length) {
    by("find").value = "";
    return onBasket("coupon", { code: text.trim() });
  }
  const hit = found(page.tiles, text);
  by("find").value = "";
  if (hit && !hit.tile.off) add(hit.tile, hit.n);
  paintTiles();
  if (!hit) by("find-said").textContent = speak("till.not_found");
}

const keyFor = (name) => by("acts").querySelector(`[data-act="${name}"]`);

function press(event, name) {
  const pressed = keyFor(name);
  if (!pressed) return;
  event.preventDefault();
  pressed.click();
}

function lastLine(event, n) {
  const basket = shown();
  const pieces = selling(basket) ? piecesOf(basket.lines ?? [], page.tiles) : [];
  if (!pieces.length || !editable(basket)) return;
  event.preventDefault();
  change((now) => withMore(now, pieces.at(-1).id, n));
}

const asks = new Asks({ hear });
const ask = (address, body) => asks.ask(address, body);
const drawer = new Drawer({ room: ROOM, freshOp, ask, back: () => back, cash: (body) => hear(body ? { type: "cash", body } : { type: "cash_done" }) });
const back = new Back({ room: ROOM, freshOp, ask, drawer, hold: (minutes) => onBasket("hold", { minutes }), stands: (op_id) => shown()?.op_id === op_id, bill: () => (shown()?.state === "basket" && shown().lines?.length ? shown() : null), hear: (body) => hear({ type: "basket", body }) });
by("more").addEventListener("click", () => drawer.menu());
by("sheet-close").addEventListener("click", () => by("sheet").close());
// Back to where scans and names are typed: there Enter goes on with the bill, and opens no menu again.
for (const id of ["sheet", "amount"]) by(id).addEventListener("close", () => busy() || by("find").focus());
keepShell();
const stream = openStream({
  topics: [`till-${page.point.id}`, "help", "alarms", "devices", ...(page.approves ? ["approvals"] : []), `staff-${page.point.id}`],
  onEvent: hear,
  onState: (link) => hear({ type: "link", body: link }),
  busy: () => busy() || selling(state.basket),
});
paint();
by("find").focus();
if (!page.shift.open && page.actions.includes("open_shift")) drawer.openShift();
