// The form in which an entry is added, changed or deleted.

import { add, change, remove } from "./ask.js";
import { clockOf, dayOf } from "./times.js";

const dialog = document.getElementById("editor");
const form = dialog.querySelector("form");
const refusal = dialog.querySelector(".refusal");
const field = form.elements;
const SIDE_NAMES = { severa: "Severa", google: "Google Calendar" };
let subject = null; // {side, person, entry or null, original}

export const isOpen = () => dialog.open;

/** Open the form for an entry, or for a new one with these times. */
export function edit(side, person, types, entry, times) {
  const shown = entry ?? { title: "", location: "", notes: "", kind: "", private: false, ...times };
  subject = { side, person, entry };
  const what = side === "severa" ? "activity" : "event";
  dialog.dataset.side = side;
  dialog.querySelector("h2").textContent = entry
    ? `Change this ${what} in ${SIDE_NAMES[side]}`
    : `New ${what} in ${SIDE_NAMES[side]}`;
  dialog.querySelector(".delete").hidden = !entry;
  dialog.querySelector(".ids").textContent = entry ? `id ${entry.id}` : "";
  refusal.textContent = "";
  choices(types, entry);
  fill(shown, types);
  subject.original = values();
  dialog.showModal();
  field.title.focus();
  field.title.select();
}

/** Offer the types that Severa lets an activity have: its category stays. */
function choices(types, entry) {
  const own = types.find((type) => type.guid === entry?.kind);
  field.kind.replaceChildren(
    ...types.map((type) => {
      const option = new Option(type.name, type.guid);
      option.disabled = Boolean(own) && type.category !== own.category;
      return option;
    }),
  );
}

function fill(shown, types) {
  field.title.value = shown.title;
  field.allDay.checked = shown.allDay;
  field.startDay.value = dayOf(shown.start);
  field.startTime.value = shown.allDay ? "09:00" : clockOf(shown.start);
  field.endDay.value = shown.end ? dayOf(shown.end) : "";
  field.endTime.value = shown.allDay ? "10:00" : shown.end ? clockOf(shown.end) : "";
  field.location.value = shown.location;
  field.notes.value = shown.notes;
  field.private.checked = shown.private;
  field.kind.value = shown.kind || types.find((type) => type.default)?.guid || "";
  showClocks();
}

function showClocks() {
  for (const input of form.querySelectorAll(".clock")) input.hidden = field.allDay.checked;
}

function values() {
  const allDay = field.allDay.checked;
  const moment = (day, time) => (allDay ? day : day && time ? `${day}T${time}` : "");
  const all = {
    title: field.title.value,
    location: field.location.value,
    notes: field.notes.value,
    allDay,
    start: moment(field.startDay.value, field.startTime.value),
    end: moment(field.endDay.value, field.endTime.value),
  };
  if (subject.side === "severa") all.kind = field.kind.value;
  else all.private = field.private.checked;
  return all;
}

/** Return only what was changed; all-day, start and end go together. */
function changed(now, before) {
  const found = Object.fromEntries(Object.entries(now).filter(([name, value]) => value !== before[name]));
  if ("allDay" in found || "start" in found || "end" in found) {
    Object.assign(found, { allDay: now.allDay, start: now.start, end: now.end });
  }
  return found;
}

async function attempt(work) {
  refusal.textContent = "";
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  try {
    await work();
    dialog.close();
  } catch (error) {
    refusal.textContent = error.message;
  } finally {
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
}

async function save() {
  const { side, person, entry, original } = subject;
  const now = values();
  if (!entry) return add(side, person, now);
  const difference = changed(now, original);
  return Object.keys(difference).length ? change(side, person, entry.id, difference) : null;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(save);
});
dialog.querySelector(".cancel").addEventListener("click", () => dialog.close());
dialog.querySelector(".delete").addEventListener("click", () =>
  attempt(() => remove(subject.side, subject.person, subject.entry.id)),
);
field.allDay.addEventListener("change", showClocks);
// Who moves the first day moves the last one along, as in every calendar.
field.startDay.addEventListener("change", () => {
  if (field.endDay.value && field.endDay.value < field.startDay.value) {
    field.endDay.value = field.startDay.value;
  }
});
