/** The ops page: hears, reduces, paints; every chart has its table of the same numbers. */

import { part } from "./ring.js";
import { act, age, at, by, deviceState, fill, number, page, paintAlerts, paintPills, place, speak } from "./desk.js";
import { begin, byPoint, minutes, ranked, reduce, sum } from "./ops_state.js";
import { deviceColour } from "./staff_state.js";
import { openStream } from "./stream.js";
import { money } from "./words.js";

const PAINT_MS = 250;
const SCREENS_MS = 10000;
let state = begin();
let due = 0;

function hear(event) {
  state = reduce(state, event);
  due ||= setTimeout(paint, PAINT_MS);
}

/** Painted at most four times a second: a crowd of taps is one picture. */
function paint() {
  due = 0;
  paintPills(by("pills"), state);
  paintAlerts(by("alerts"), state, { resume: () => stream.resume(), go: (call) => act(`/api/v1/staff/help/${call.id}`, {}), seen: (one) => act(`/api/v1/staff/alarm/${one.id}`, {}) });
  paintFigures(state.health ?? {}, state.counters ?? {});
  paintRows("reasons", ranked(state.counters?.reasons).map(([reason, n, share]) => bar(speak(`reason.${reason}.staff`), n, share)));
  paintRows("points", byPoint(state.counters).map(([id, ...counts]) => row(place(id), ...counts)));
  paintRows("zones", Object.entries(state.counters?.inside ?? {}).map(([id, n]) => row(place(id), n)));
  paintRows("devices", (state.health?.devices ?? []).map(device));
  paintRows("taps", state.recent.map(tap));
  paintCopy(state.health);
  paintCharts();
}

function paintFigures(health, counters) {
  const ms = (value) => (typeof value === "number" ? speak("staff.took", { ms: number(value, 1) }) : "–");
  const shown = {
    taps_today: sum(counters.reasons), inside: sum(counters.inside, page.outermost), p50: ms(health.p50_ms), p99: ms(health.p99_ms),
    outbox: state.health ? (health.outbox ?? 0) : "–", screens_open: state.screens.open,
  };
  for (const [id, value] of Object.entries(shown)) by(id).textContent = typeof value === "number" ? number(value) : value;
  by("outbox-line").textContent = health.outbox ? speak("ops.outbox_age", { age: age(health.outbox_age_ms ?? 0) }) : "";
  by("screens_open-line").textContent = speak("ops.of", { n: state.screens.open, max: state.screens.max });
}

/** Put rows into a table's body, and show the kind word of an empty one. */
function paintRows(id, rows) {
  fill(by(id).tBodies[0], ...rows);
  by(id).hidden = rows.length === 0;
  const empty = by(`${id}-empty`);
  if (empty) empty.hidden = rows.length > 0;
}

function row(head, ...cells) {
  const made = part("tr", "");
  const first = part("th", "", String(head));
  first.scope = "row";
  made.append(first, ...cells.map((cell) => part("td", typeof cell === "number" ? "num" : "", typeof cell === "number" ? number(cell) : cell)));
  return made;
}

/** A row whose length is seen before its number is read. */
function bar(head, n, share) {
  const made = row(head, n);
  made.style.setProperty("--share", `${(share * 100).toFixed(1)}%`);
  return made;
}

function device(known) {
  const where = known.point ? ` · ${place(known.point)}` : "";
  const made = row(`${known.device}${where}`, "", known.since_ms ? at(known.since_ms) : "");
  made.cells[1].append(part("span", `badge ${deviceColour(known)}`, deviceState(known)));
  if (known.mode) made.cells[1].append(part("p", "soft small", speak(`ops.radio_${known.mode}`)));
  if (known.reason) made.cells[1].append(part("p", "soft small", known.reason));
  return made;
}

function tap(view) {
  const made = row(at(view.at_ms), place(view.point), speak(`reason.${view.reason}.staff`), view.band_short ?? "", number(view.took_ms ?? 0, 1));
  made.cells[4].className = "num";
  return made;
}

function paintCopy(health) {
  if (!health) return;
  const n = (value) => number(value ?? 0);
  const gigabytes = number((health.disk_free_bytes ?? 0) / 1e9, 1);
  const left = health.days_left ? ` · ${speak("ops.days_left", { n: n(Math.floor(health.days_left)) })}` : "";
  by("copy-profiles").textContent = n(health.profiles);
  by("copy-cursor").textContent = n(health.profile_cursor);
  by("copy-layout").textContent = n(health.layout);
  by("copy-journal").textContent = health.writable ? speak("ops.journal_ok") : (health.cause ?? "–");
  by("copy-witnesses").textContent = health.witnesses
    ? speak("ops.witnesses_some", { n: n(health.witnesses) })
    : speak("ops.witnesses_none");
  paintMoney(health.money ?? {});
  by("copy-radio").textContent = (health.devices ?? []).some((known) => known.kind === "radio")
    ? speak("ops.radio_some", { heard: n(health.radio?.heard), dropped: n(health.radio?.dropped) })
    : speak("ops.radio_none");
  by("copy-clock").textContent = speak(health.clock_trusted === false ? "ops.clock_off" : "ops.clock_ok");
  by("copy-disk").textContent = `${gigabytes} GB${left}`;
}

/** What lies here, and the most that could be lost: before an outage and during it. */
function paintMoney(told) {
  const count = sum(told.leases ?? {});
  const amount = (minor) => money(minor ?? 0, told.currency, page.language);
  const worst = (told.risk_taken_minor ?? 0) + (told.risk_left_minor ?? 0);
  by("copy-money").textContent = count
    ? speak("ops.money_some", { n: number(count), ready: amount(told.ready_minor), stake: amount(told.at_stake_minor) })
    : speak("ops.money_none");
  by("copy-risk").textContent = worst
    ? speak("ops.risk_some", { now: amount(told.risk_taken_minor), worst: amount(worst) })
    : speak("ops.risk_none");
}

/** A span of minutes at least: one single moment has no axis. */
const SPAN_S_MIN = 300;
const spanned = (_, low, high) => [Math.min(low ?? 0, (high ?? 0) - SPAN_S_MIN), high ?? 0];

const charts = {};
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Draw a chart, or give the one that stands there new numbers. */
function chart(id, numbers, series, options = {}) {
  const box = by(id);
  const size = { width: Math.max(200, box.clientWidth), height: 190 };
  if (charts[id]) {
    if (charts[id].width !== size.width) charts[id].setSize(size);
    charts[id].setData(numbers);
    return;
  }
  const axis = { stroke: css("--ink-soft"), grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, font: `14px ${css("--face")}` };
  const setting = { ...size, legend: { show: false }, cursor: { show: false }, series: [{}, ...series], axes: [{ ...axis, ...options.x }, { ...axis, size: 56 }], scales: { x: { time: false, range: options.from }, y: { range: (_, __, high) => [0, Math.max(1, high * 1.15)] } } };
  charts[id] = new uPlot(setting, numbers, box);
}

function paintCharts() {
  const taps = minutes(state.counters);
  const minute = { grid: { show: false }, splits: () => [-55, -45, -30, -15, 0], values: (_, marks) => marks.map((mark) => (mark === 0 ? at(state.now_ms) : speak("staff.ago_min", { n: -mark }))) };
  const column = { fill: css("--accent"), stroke: css("--accent"), paths: uPlot.paths.bars({ size: [0.7, 40] }), points: { show: false } };
  chart("per-minute", [taps.map(([ago]) => -ago), taps.map(([, n]) => n)], [column], { x: minute });
  paintTable("per-minute-table", taps.map(([ago, n]) => row(ago, n)));
  const line = (name, dash) => ({ stroke: css(name), width: 3, dash, points: { show: false } });
  const times = { incrs: [60, 120, 300, 600], values: (_, marks) => marks.map((mark) => at(mark * 1000)) };
  const samples = state.samples;
  by("latency").hidden = samples.length === 0;
  by("latency-empty").hidden = samples.length > 0;
  if (samples.length) chart("latency", [samples.map((s) => s.at_ms / 1000), samples.map((s) => s.p50), samples.map((s) => s.p99)], [line("--accent"), line("--ink-soft", [8, 5])], { x: times, from: spanned });
  paintTable("latency-table", samples.map((s) => row(at(s.at_ms), number(s.p50 ?? 0, 1), number(s.p99 ?? 0, 1))));
}

/** Rows of a folded table are made only while it is open. */
function paintTable(id, rows) {
  if (by(id).closest("details").open) fill(by(id).tBodies[0], ...rows);
}

async function askScreens() {
  const response = await fetch("/api/v1/ops");
  if (!response.ok) return;
  const { streams_open: open, streams_max: max } = await response.json();
  hear({ type: "screens", body: { open, max } });
}

for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", paint);
addEventListener("resize", () => { due ||= setTimeout(paint, PAINT_MS); });
const stream = openStream({ topics: ["ops", "devices", "help", "alarms"], onEvent: hear, onState: (link) => hear({ type: "link", body: link }) });
setInterval(() => askScreens().catch(() => {}), SCREENS_MS);
askScreens().catch(() => {});
paint();
