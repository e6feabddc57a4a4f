/** Who is about, as pure functions of what was told. */

const NEAREST = ["at_kiosk", "in_area", "in_venue"];
/** More than this nobody reads. */
export const SHOWN_MAX = 8;

/** The list after one guest came nearer or went. */
export function withNoticed(people, one) {
  const others = people.filter((known) => known.band !== one.band);
  return one.here === false ? others : [...others, one];
}

/** The nearest first, who came first before who came later. */
export function shownPeople(people) {
  const rank = (one) => NEAREST.indexOf(one.zone);
  return [...people].sort((a, b) => rank(a) - rank(b) || a.since_ms - b.since_ms).slice(0, SHOWN_MAX);
}
