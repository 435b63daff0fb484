// Draws one calendar's week.

import { element } from "./elements.js";
import { hours, places, rows, shownRows } from "./layout.js";
import { addDays, clock, clockOf, dateName, dayName, dayOf, minutesOf, span } from "./times.js";

const ROWS_MIN = 2;
const LINE_PX = 14.1;
const PHONE = matchMedia("(max-width: 50rem)");
const PHONE_HOUR_PX = 48;
const AROUND_PX = 410; // what else stands above and below the hours
const NARROW = 3; // from so many lanes on a name is written downwards

/** Draw both calendars on one scale, so that the same hour is at the same height. */
export function draw(calendars, week, { types, person }) {
  const days = Array.from({ length: 7 }, (_, index) => addDays(week.monday, index));
  const timed = [...week.severa, ...week.google].filter((entry) => !entry.allDay);
  const shown = hours(timed, days);
  const whole = {};
  let most = ROWS_MIN;
  for (const side of Object.keys(calendars)) {
    whole[side] = shownRows(rows(week[side].filter((entry) => entry.allDay), week.monday));
    most = Math.max(most, whole[side].count);
  }
  // An empty weekend leaves its room to the working days.
  const weekend = days.slice(5).some((day) => places(timed, day).length) ? "1fr" : "0.72fr";
  const hour = hourHeight(shown);
  const anyPair = [...week.severa, ...week.google].some((entry) => entry.partner);
  for (const [side, section] of Object.entries(calendars)) {
    const box = section.querySelector(".week");
    box.style.setProperty("--hours", shown.until - shown.from);
    box.style.setProperty("--hour", `${hour}px`);
    box.style.setProperty("--rows", most);
    box.style.setProperty("--weekend", weekend);
    const context = { side, week, types, person, anyPair, shown, most, hour };
    box.replaceChildren(
      heads(days, context),
      wholeDays(whole[side], days, context),
      hourGrid(week[side].filter((entry) => !entry.allDay), days, context),
    );
  }
}

/** Return the height of an hour: the whole day is to fit a screen, if it can be read then. */
function hourHeight({ from, until }) {
  if (PHONE.matches) return PHONE_HOUR_PX;
  return Math.round(Math.min(52, Math.max(33, (innerHeight - AROUND_PX) / (until - from))));
}

function heads(days, { week, side }) {
  const cells = days.map((day, index) => {
    const cell = element("button", { type: "button", className: "head", data: { index, day } });
    cell.append(element("span", { textContent: dayName(day) }), ` ${Number(day.slice(8))}`);
    const shift = week.clockChanges[day];
    if (shift) cell.append(element("small", { textContent: shift > 0 ? "+1 h" : "−1 h" }));
    const clocks = !shift ? "" : `, the clocks go ${shift > 0 ? "forward" : "back"} this night`;
    cell.title = `${dateName(day)}${clocks}: show everything as a list`;
    cell.setAttribute("aria-label", `${dayName(day)} ${dateName(day)} in ${side === "severa" ? "Severa" : "Google"}${clocks}, show as a list`);
    cell.classList.toggle("now", day === dayOf(week.now));
    return cell;
  });
  return element("div", { className: "heads" }, element("div", { className: "gutter" }), ...cells);
}

function wholeDays({ kept, more }, days, context) {
  const gutter = element("div", { className: "gutter", textContent: "all day" });
  const cells = days.map((day, index) => {
    const cell = element("div", { className: "day", data: { day, index } });
    for (const { entry, row, from, until } of kept) {
      if (index < from || index > until) continue;
      const chip = block(entry, context, index > from);
      chip.classList.toggle("begins", index === from);
      chip.classList.toggle("ends", index === until);
      chip.style.gridRow = String(row + 1);
      chip.style.setProperty("--span", until - index + 1);
      chip.append(element("span", { className: "name", textContent: name(entry) }));
      cell.append(chip);
    }
    if (more[index]) {
      const rest = moreButton(more[index], day);
      rest.style.gridRow = String(context.most);
      cell.append(rest);
    }
    return cell;
  });
  return element("div", { className: "whole" }, gutter, ...cells);
}

function moreButton(count, day) {
  const made = element("button", { type: "button", className: "rest", data: { day }, textContent: `+${count}` });
  made.setAttribute("aria-label", `${count} more, show all of this day as a list`);
  return made;
}

function hourGrid(entries, days, context) {
  const { from, until } = context.shown;
  const gutter = element("div", { className: "gutter" });
  for (let hour = from; hour < until; hour += 1) {
    gutter.append(element("span", { textContent: clock(hour * 60) }));
  }
  const cells = days.map((day, index) => {
    const cell = element("div", { className: "day", data: { day, index, from: from * 60 } });
    for (const place of places(entries, day)) cell.append(hourly(place, day, context));
    if (day === dayOf(context.week.now)) cell.append(...nowLine(context));
    return cell;
  });
  return element("div", { className: "grid" }, gutter, ...cells);
}

function nowLine({ week, shown }) {
  const at = minutesOf(week.now) / 60 - shown.from;
  if (at < 0 || at > shown.until - shown.from) return [];
  return [element("div", { className: "now-line", style: { "--at": at } })];
}

function hourly({ entry, more, from, until, lane, lanes }, day, context) {
  const made = entry ? block(entry, context, day !== dayOf(entry.start)) : moreButton(more, day);
  made.style.setProperty("--at", from / 60 - context.shown.from);
  made.style.setProperty("--long", Math.max(0, until - from) / 60);
  made.style.setProperty("--lane", lane);
  made.style.setProperty("--lanes", lanes);
  if (!entry) return made;
  const lines = Math.floor((((until - from) / 60) * context.hour - 4) / LINE_PX);
  const isNarrow = lanes >= NARROW;
  const hasWhen = lines >= 3 && !isNarrow;
  made.classList.toggle("narrow", isNarrow && lines >= 3);
  made.classList.toggle("short", lines < 2);
  made.style.setProperty("--lines", hasWhen ? lines - 1 : lines);
  made.classList.toggle("point", !entry.end);
  made.append(element("span", { className: "name", textContent: name(entry) }));
  const place = entry.location ? ` ${entry.location}` : "";
  if (hasWhen) made.append(element("span", { className: "when", textContent: clockOf(entry.start) + place }));
  if (entry.end && day === dayOf(entry.end)) made.append(element("span", { className: "edge" }));
  return made;
}

/** Make what all entries share: a button that is found again by side and id after it was drawn anew. */
function block(entry, { side, types, person, anyPair }, isMore) {
  const type = types.find((each) => each.guid === entry.kind);
  const kind = side === "severa" ? type?.name : KINDS[entry.kind] ?? "";
  const made = element("button", { type: "button", className: "entry" });
  Object.assign(made.dataset, { side, id: entry.id, category: type?.category ?? entry.kind });
  if (entry.partner) made.dataset.partner = entry.partner;
  const own = entry.people.find(({ address }) => address === person)?.answer;
  made.classList.toggle("private", entry.private);
  made.classList.toggle("shared", entry.people.length > 0);
  made.classList.toggle("asked", own === "none" || own === "maybe");
  made.classList.toggle("declined", own === "no");
  made.classList.toggle("lone", anyPair && !entry.partner);
  made.classList.toggle("more", isMore);
  const other = side === "severa" ? "Google" : "Severa";
  const details = [
    name(entry), span(entry), entry.location, kind, own && OWN[own],
    entry.people.length && `with ${entry.people.map(guest).join(", ")}`,
  ].filter(Boolean);
  const ids = [`id ${entry.id}`, entry.partner ? `in ${other} ${entry.partner}` : ""].filter(Boolean);
  made.title = [...details, "", ...ids].join("\n");
  made.setAttribute("aria-label", details.join(", "));
  if (isMore) made.tabIndex = -1;
  return made;
}

const KINDS = {
  birthday: "birthday", focusTime: "focus time", fromGmail: "from Gmail",
  outOfOffice: "out of office", workingLocation: "working place",
};
const OWN = { none: "not answered yet", yes: "accepted", maybe: "answered maybe", no: "declined" };
const SAID = { none: "", yes: " (yes)", maybe: " (maybe)", no: " (no)" };
const guest = ({ name: who, answer }) => who + SAID[answer];

export const name = (entry) => entry.title || "(no subject)";
