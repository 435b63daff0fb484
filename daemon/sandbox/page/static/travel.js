// Makes changes seen: what is new flashes, what is gone fades, and what arrives flies over from the other calendar.

import { element } from "./elements.js";

const FLIGHT_MS = 650;
const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const sides = (calendars) => Object.keys(calendars);

export function find(calendars, side, id) {
  const all = [...calendars[side].querySelectorAll(`.entry[data-id="${CSS.escape(id)}"]`)];
  return all.find((each) => each.offsetParent) ?? all[0];
}

export function flash(calendars, before, week) {
  for (const side of sides(calendars)) {
    // An entry whose other side became known looks the same to a person.
    const text = (entry) => JSON.stringify({ ...entry, partner: null });
    const known = new Map(before[side].map((entry) => [entry.id, text(entry)]));
    for (const entry of week[side]) {
      if (known.get(entry.id) === text(entry)) continue;
      const blocks = calendars[side].querySelectorAll(`[data-id="${CSS.escape(entry.id)}"]`);
      for (const block of blocks) block.classList.add("flash");
    }
  }
}

/** Keep what is gone for a moment, with its place, so that one can see it go. */
export function removed(calendars, before, week) {
  const found = [];
  for (const side of sides(calendars)) {
    const left = new Set(week[side].map((entry) => entry.id));
    for (const entry of before[side].filter((each) => !left.has(each.id))) {
      const block = find(calendars, side, entry.id);
      if (!block) continue;
      const parent = block.closest(".day");
      found.push({ side, block: block.cloneNode(true), row: parent.parentElement.className, index: parent.dataset.index });
    }
  }
  return found;
}

export function fade(calendars, { side, block, row, index }) {
  block.classList.add("gone");
  block.inert = true;
  block.removeAttribute("data-id");
  calendars[side].querySelector(`.${row} .day[data-index="${index}"]`)?.append(block);
  block.addEventListener("animationend", () => block.remove());
}

/** Fly from an entry to its other side. */
export function fly(calendars, news) {
  const from = find(calendars, news.side === "severa" ? "google" : "severa", news.side === "severa" ? news.google : news.severa);
  const to = find(calendars, news.side, news[news.side]);
  if (isCalm() || !from?.offsetParent || !to?.offsetParent) return;
  const [start, end] = [from, to].map((block) => block.getBoundingClientRect());
  const bird = element("span", { className: `bird to-${news.side}`, ariaHidden: "true" });
  document.body.append(bird);
  const at = (box) => `translate(${box.left + box.width / 2}px, ${box.top + Math.min(box.height, 40) / 2}px)`;
  const flight = bird.animate(
    [
      { transform: `${at(start)} scale(0.4)`, opacity: 0.2 },
      { opacity: 1, offset: 0.3 },
      { transform: `${at(end)} scale(1)`, opacity: 0.9 },
    ],
    { duration: FLIGHT_MS, easing: "cubic-bezier(0.4, 0, 0.2, 1)" },
  );
  flight.finished.catch(() => {}).then(() => bird.remove());
}

/** Mark the entries that are on their way to the other calendar. */
export function markMoving(calendars, waiting) {
  const moving = new Set(waiting.map(({ side, id }) => `${side} ${id}`));
  for (const side of sides(calendars)) {
    for (const block of calendars[side].querySelectorAll(".entry[data-id]")) {
      block.classList.toggle("moving", moving.has(`${side} ${block.dataset.id}`));
    }
  }
}
