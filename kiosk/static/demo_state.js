/** What the demo page knows, as one pure function; its previews use the reducers of the real screens. */

import * as gate from "./gate_state.js";
import * as kiosk from "./kiosk_state.js";

/** @typedef {{park: any, chosen: string|null, busy: string|null, story: any, heard: any, failed: string, screens: Record<string, any>, live: boolean}} DemoPage */

/** @param {any} park the park at the page's start @returns {DemoPage} */
export function begin(park) {
  const fresh = (reader) => [reader.point, reader.kind === "kiosk" ? kiosk.begin() : gate.begin()];
  return { park, chosen: null, busy: null, story: null, heard: null, failed: "", live: true, screens: Object.fromEntries(park.readers.map(fresh)) };
}

/** Say which reducer a point's preview follows. */
export function kindOf(park, point) {
  return park.readers.find((reader) => reader.point === point)?.kind === "kiosk" ? kiosk : gate;
}

/**
 * @param {DemoPage} page
 * @param {{type: string, now: number, topic?: string, body?: any, age?: number}} event
 * @returns {DemoPage}
 */
export function reduce(page, event) {
  const { type, body } = event;
  switch (type) {
    case "demo": return withReaders({ ...page, park: body }, event);
    case "story": return { ...page, heard: body, story: newer(page.story, body) };
    case "choose": return { ...page, chosen: body === page.chosen ? null : body, failed: "" };
    case "ask": return screen({ ...page, busy: body.reader, failed: "" }, pointOf(page.park, body.reader), { type: "reading", now: event.now });
    case "told": return { ...page, busy: null, story: newer(body, page.heard) };
    case "failed": return { ...page, busy: null, failed: body };
    case "health": return everyScreen({ ...page }, { type, now: event.now, body: { online: body.online } });
    case "link": return { ...everyScreen(page, event), live: body === "live" };
    case "decision": case "plan": case "reading": case "devices": return screen(page, body.point, event);
    case "tick": return everyScreen(page, event);
    default: return page;
  }
}

/** Central may acknowledge a tap before the answer to the hand that held it has arrived. */
function newer(story, heard) {
  return story && heard?.tap_id === story.tap_id && heard.acknowledged_ms != null ? heard : story;
}

function pointOf(park, reader) {
  return park.readers.find((one) => one.id === reader)?.point;
}

function screen(page, point, event) {
  const before = page.screens[point];
  if (!before) return page;
  const after = kindOf(page.park, point).reduce(before, event);
  return { ...page, screens: { ...page.screens, [point]: after } };
}

function everyScreen(page, event) {
  return Object.keys(page.screens).reduce((told, point) => screen(told, point, event), page);
}

/** A reader that lost its cable shows on its own gate. */
function withReaders(page, { now, body }) {
  return body.readers.reduce((told, reader) => {
    const state = reader.plugged ? reader.state : "lost";
    const known = told.screens[reader.point] ? told : { ...told, screens: { ...told.screens, [reader.point]: kindOf(body, reader.point).begin() } };
    return screen(known, reader.point, { type: "health", now, body: { online: body.internet, reader: state } });
  }, page);
}
