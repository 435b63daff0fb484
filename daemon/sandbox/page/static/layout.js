// Puts entries that overlap side by side: pure, from entries to places.

import { addDays, dayOf, daysBetween, minutesOf } from "./times.js";

const DAY = 24 * 60;
const LANES_MAX = 4; // more beside each other cannot be read
const ROWS_MAX = 5;
const SHORTEST = 26; // minutes that even a to-do takes up, so that its name can be read

/** Return the part of each timed entry that lies in a day: {entry, from, until} in minutes. */
function parts(entries, day) {
  const found = [];
  for (const entry of entries) {
    const first = dayOf(entry.start);
    const last = entry.end ? dayOf(entry.end) : first;
    if (day < first || day > last) continue;
    const from = day === first ? minutesOf(entry.start) : 0;
    const until = !entry.end ? from : day === last ? minutesOf(entry.end) : DAY;
    if (day === last && until === 0 && first !== last) continue;
    found.push({ entry, from, until });
  }
  return found.sort((a, b) => a.from - b.from || b.until - a.until);
}

/** Return the parts of a day with the lane of each and how many lanes its neighbours share.
 *  Where there are too many, the last lane holds one part without an entry that says how many are left out. */
export function places(entries, day) {
  const placed = [];
  let group = [];
  let groupEnd = -1;
  const close = () => {
    const lanes = Math.max(0, ...group.map((part) => part.lane + 1));
    placed.push(...(lanes > LANES_MAX ? gathered(group) : group.map((part) => ({ ...part, lanes }))));
    group = [];
  };
  for (const part of parts(entries, day)) {
    if (part.from >= groupEnd) close();
    const taken = new Set(group.filter((other) => end(other) > part.from).map((o) => o.lane));
    let lane = 0;
    while (taken.has(lane)) lane += 1;
    group.push({ ...part, lane });
    groupEnd = Math.max(group.length > 1 ? groupEnd : -1, end(part));
  }
  close();
  return placed;
}

function gathered(group) {
  const last = LANES_MAX - 1;
  const kept = group.filter((part) => part.lane < last).map((part) => ({ ...part, lanes: LANES_MAX }));
  const rest = group.filter((part) => part.lane >= last);
  const from = Math.min(...rest.map((part) => part.from));
  const until = Math.max(...rest.map(end));
  return [...kept, { entry: null, more: rest.length, from, until, lane: last, lanes: LANES_MAX }];
}

const end = (part) => Math.max(part.until, part.from + SHORTEST);

/** Return all-day entries with the row of each and the days of the week, from 0, that it covers. */
export function rows(entries, monday) {
  const sunday = addDays(monday, 6);
  const free = [];
  const longFirst = (a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.end > b.end ? -1 : 1);
  return [...entries].sort(longFirst).map((entry) => {
    const from = Math.max(0, daysBetween(monday, entry.start));
    const until = Math.min(6, daysBetween(monday, entry.end < sunday ? entry.end : sunday));
    let row = free.findIndex((day) => day <= from);
    if (row < 0) row = free.length;
    free[row] = until + 1;
    return { entry, row, from, until };
  });
}

/** Return the rows that are shown, and for each day of the week how many entries are left out. */
export function shownRows(placed) {
  const rest = placed.filter((place) => place.row >= ROWS_MAX);
  const kept = rest.length ? placed.filter((place) => place.row < ROWS_MAX - 1) : placed;
  const hidden = placed.filter((place) => !kept.includes(place));
  const more = Array.from({ length: 7 }, (_, day) =>
    hidden.filter(({ from, until }) => day >= from && day <= until).length);
  return { kept, more, count: rest.length ? ROWS_MAX : Math.max(0, ...kept.map((place) => place.row + 1)) };
}

/** Return the hours to show: 7 to 19, and more where an entry is earlier or later. */
export function hours(entries, days) {
  let from = 7;
  let until = 19;
  for (const day of days) {
    for (const part of parts(entries, day)) {
      from = Math.min(from, Math.floor(part.from / 60));
      until = Math.max(until, Math.ceil(Math.max(part.until, part.from + 30) / 60));
    }
  }
  return { from, until: Math.min(until, 24) };
}
