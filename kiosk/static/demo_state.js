/** What the demo page knows, as one pure function; its previews use the reducers of the real screens. */

import * as gate from "./gate_state.js";
import * as kiosk from "./kiosk_state.js";
import * as till from "./till_guest_state.js";

/** So long the story of one's own tap stays, whatever the crowd and scripts do meanwhile. */
export const OWN_MS_MIN = 15000;
/** So long anybody's story stays: a crowd's would else change faster than anybody reads. */
export const STORY_MS_MIN = 2500;

/** @typedef {{storyUntil: number, park: any, chosen: string|null, busy: string|null, story: any, tale: any, heard: any, failed: string, screens: Record<string, any>, live: boolean}} DemoPage */

/** @param {any} park the park at the page's start @returns {DemoPage} */
export function begin(park) {
  const fresh = (reader) => [reader.point, kindOf(park, reader.point).begin()];
  return { park, chosen: null, busy: null, story: null, tale: null, storyUntil: 0, heard: null, failed: "", live: true, screens: Object.fromEntries(park.readers.map(fresh)) };
}

const KINDS = { kiosk, till };

/** Say which reducer a point's preview follows. */
export function kindOf(park, point) {
  return KINDS[park.readers.find((reader) => reader.point === point)?.kind] ?? gate;
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
    case "story": return told({ ...page, heard: body }, event);
    case "tale": return { ...page, tale: body };
    case "choose": return { ...page, chosen: body === page.chosen ? null : body, failed: "" };
    case "ask": return screen({ ...page, busy: body.reader, failed: "" }, pointOf(page.park, body.reader), { type: "reading", now: event.now });
    case "told": return { ...page, busy: null, story: newer(body, page.heard), storyUntil: event.now + OWN_MS_MIN };
    case "failed": return { ...page, busy: null, failed: body };
    case "health": return everyScreen({ ...page }, { type, now: event.now, body: { online: body.online } });
    case "link": return { ...everyScreen(page, event), live: body === "live" };
    case "decision": case "plan": case "basket": case "cash": case "reading": case "devices": return screen(page, body.point, event);
    case "tick": return everyScreen(page, event);
    default: return page;
  }
}

/** A story from anywhere is told while none stands that somebody still reads; news of the one that stands, at once. */
function told(page, { body, now }) {
  if (page.story?.tap_id === body.tap_id) return { ...page, story: newer(page.story, body) };
  const later = body.acknowledged_ms != null; // a tap of before, of which only central's word is new
  if (later || (page.story && now < page.storyUntil)) return page;
  return { ...page, story: body, storyUntil: now + STORY_MS_MIN };
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
