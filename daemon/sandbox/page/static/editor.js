// The form in which an entry is added, changed or deleted.

import { add, answer, change, remove } from "./ask.js";
import { element } from "./elements.js";
import { clockOf, dayOf } from "./times.js";

const dialog = document.getElementById("editor");
const form = dialog.querySelector("form");
const refusal = dialog.querySelector(".refusal");
const field = form.elements;
const SIDE_NAMES = { severa: "Severa", google: "Google Calendar" };
const ANSWERS = { none: "has not answered", yes: "says yes", maybe: "says maybe", no: "says no" };
let subject = null; // {side, person, entry or null, original}

/** Open the form for an entry, or for a new one with these times. */
export function edit({ side, person, types, people }, entry, times) {
  const fresh = { title: "", location: "", notes: "", kind: "", private: false, owner: person, people: [] };
  const shown = entry ?? { ...fresh, ...times };
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
  guests(shown, person, people);
  invitation(shown, person, people);
  fill(shown, types);
  subject.original = values();
  dialog.showModal();
  field.title.focus();
  field.title.select();
}

/** Offer the colleagues to be asked, and show what everybody answered. */
function guests(shown, person, people) {
  const asked = new Map(shown.people.map((guest) => [guest.address, guest]));
  // Only the owner changes the list of an event in Google.
  const isFixed = subject.side === "google" && shown.owner !== person;
  const colleagues = people.filter(({ email }) => email !== shown.owner);
  const rows = colleagues.map(({ email, name }) => {
    const box = element("input", { type: "checkbox", name: "guest", value: email });
    box.checked = asked.has(email);
    box.disabled = isFixed;
    const said = asked.has(email) ? ANSWERS[asked.get(email).answer] : "";
    return element("label", { className: "check" }, box, ` ${name}`, element("span", { className: "quiet", textContent: said }));
  });
  const known = new Set(colleagues.map(({ email }) => email));
  const others = shown.people.filter(({ address }) => !known.has(address));
  rows.push(...others.map(({ name, answer: said }) =>
    element("p", { className: "check" }, name, element("span", { className: "quiet", textContent: ANSWERS[said] }))));
  document.getElementById("guests").replaceChildren(...rows);
}

/** Let somebody who was asked answer. */
function invitation(shown, person, people) {
  const own = shown.people.find(({ address }) => address === person);
  const box = dialog.querySelector(".answers");
  box.hidden = !own;
  const owner = people.find(({ email }) => email === shown.owner)?.name ?? shown.owner;
  box.querySelector("legend").textContent = `${owner} asks: do you come?`;
  for (const button of box.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.answer === own?.answer));
  }
}

/** Offer the types that Severa lets an activity have: its category stays. */
function choices(types, entry) {
  const own = types.find((type) => type.guid === entry?.kind);
  field.kind.replaceChildren(
    ...types.map((type) => {
      const option = new Option(type.synced ? type.name : `${type.name} (not synced)`, type.guid);
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
  all.people = [...form.querySelectorAll('[name="guest"]:checked')].map((box) => box.value);
  if (subject.side === "severa") all.kind = field.kind.value;
  else all.private = field.private.checked;
  return all;
}

/** Return only what was changed; all-day, start and end go together. */
function changed(now, before) {
  const found = Object.fromEntries(Object.entries(now).filter(([name, value]) => String(value) !== String(before[name])));
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
for (const button of dialog.querySelectorAll("[data-answer]")) {
  button.addEventListener("click", () =>
    attempt(() => answer(subject.side, subject.person, subject.entry.id, button.dataset.answer)),
  );
}
field.allDay.addEventListener("change", showClocks);
// Who moves the first day moves the last one along, as in every calendar.
field.startDay.addEventListener("change", () => {
  if (field.endDay.value && field.endDay.value < field.startDay.value) {
    field.endDay.value = field.startDay.value;
  }
});
