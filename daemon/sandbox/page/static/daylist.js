// Everything of one day in one calendar as a list, for days on which entries do not fit beside each other.

import { element } from "./elements.js";
import { dateName, dayName, dayOf, span } from "./times.js";
import { name } from "./week.js";

const dialog = document.getElementById("day-list");
const SIDE_NAMES = { severa: "Severa", google: "Google Calendar" };

/** Open the list; `open` is what to do with the entry that is chosen. */
export function openList(week, side, day, open) {
  const entries = week[side].filter((entry) => isOn(entry, day));
  dialog.dataset.side = side;
  dialog.querySelector("h2").textContent = `${dayName(day)} ${dateName(day)} in ${SIDE_NAMES[side]}`;
  dialog.querySelector("ul").replaceChildren(
    ...(entries.length ? entries.map((entry) => row(entry, open)) : [element("li", { className: "quiet", textContent: "Nothing on this day." })]),
  );
  dialog.showModal();
}

function isOn(entry, day) {
  const first = dayOf(entry.start);
  const last = entry.end ? dayOf(entry.end) : first;
  const endsAtMidnight = !entry.allDay && last > first && entry.end.endsWith("T00:00");
  return day >= first && (endsAtMidnight ? day < last : day <= last);
}

function row(entry, open) {
  const button = element(
    "button", { type: "button" },
    element("b", { textContent: name(entry) }),
    element("span", { textContent: span(entry) + (entry.location ? `, ${entry.location}` : "") }),
  );
  button.addEventListener("click", () => {
    dialog.close();
    open(entry);
  });
  return element("li", {}, button);
}

dialog.querySelector(".close").addEventListener("click", () => dialog.close());
