// Wall-clock times as texts ("2026-03-02T09:00"), so that the browser's own zone never plays a part.

const DAY_MS = 86_400_000;
const NAMES = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS = [
  "January", "February", "March", "April", "May", "June",
  "July", "August", "September", "October", "November", "December",
];

const stamp = (day) => Date.parse(`${day}T00:00Z`);
const two = (number) => String(number).padStart(2, "0");

export const dayOf = (text) => text.slice(0, 10);
export const clockOf = (text) => text.slice(11, 16);
export const minutesOf = (text) => Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16));
export const addDays = (day, count) =>
  new Date(stamp(day) + count * DAY_MS).toISOString().slice(0, 10);
export const daysBetween = (first, last) => Math.round((stamp(last) - stamp(first)) / DAY_MS);
export const clock = (minutes) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;

/** Move a time, or a day, by days and minutes. */
export function shifted(text, days, minutes = 0) {
  if (!text) return text;
  if (text.length === 10) return addDays(text, days);
  const at = stamp(dayOf(text)) + days * DAY_MS + (minutesOf(text) + minutes) * 60_000;
  return new Date(at).toISOString().slice(0, 16);
}

export function dayName(day) {
  return NAMES[(new Date(stamp(day)).getUTCDay() + 6) % 7];
}

export function dateName(day) {
  return `${Number(day.slice(8))} ${MONTHS[Number(day.slice(5, 7)) - 1]}`;
}

export function weekName(monday) {
  const sunday = addDays(monday, 6);
  const from = monday.slice(5, 7) === sunday.slice(5, 7) ? Number(monday.slice(8)) : dateName(monday);
  return `${from} – ${dateName(sunday)} ${sunday.slice(0, 4)}`;
}

/** Say when an entry is, for its tooltip and for a screen reader. */
export function span(entry) {
  const first = dayOf(entry.start);
  const last = entry.end ? dayOf(entry.end) : first;
  const days = first === last ? "" : ` to ${dayName(last)} ${dateName(last)}`;
  if (entry.allDay) return `${dayName(first)} ${dateName(first)}${days}, all day`;
  const until = !entry.end ? "" : days ? `${days} ${clockOf(entry.end)}` : `–${clockOf(entry.end)}`;
  return `${dayName(first)} ${dateName(first)} ${clockOf(entry.start)}${until}`;
}
