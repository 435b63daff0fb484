// Moves entries by mouse and keyboard, and finds the empty hour that was clicked.

import { clock, shifted } from "./times.js";

const STEP = 15;
const THRESHOLD = 4;

/** Listen on one calendar; `act` holds what to do. */
export function listen(section, find, act) {
  let drag = null;
  let wasDragged = false;

  section.addEventListener("pointerdown", (event) => {
    act.busy(true);
    if (event.target.closest(".head, .rest")) return;
    const block = event.target.closest(".entry");
    // A finger scrolls; it moves entries in the form.
    if (!block || event.button !== 0 || event.pointerType === "touch") return;
    drag = begin(event, block, section);
  });

  window.addEventListener("pointermove", (event) => {
    // The button was let go where no page hears of it.
    if (event.buttons === 0) finish(event);
    if (!drag) return;
    const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > THRESHOLD;
    if (!drag.isMoving && !far) return;
    drag.isMoving = true;
    follow(event, drag);
  });

  const finish = (event) => {
    act.busy(false);
    const done = drag;
    drag = null;
    if (!done?.isMoving) return;
    wasDragged = true;
    setTimeout(() => (wasDragged = false));
    for (const block of done.blocks) block.classList.remove("dragged");
    const entry = find(done.block.dataset.id);
    const isMoved = event.type === "pointerup" && entry && (done.days || done.minutes);
    if (isMoved) act.move(entry, times(entry, done));
    else act.redraw();
  };
  window.addEventListener("pointerup", finish);
  window.addEventListener("pointercancel", finish);
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape") finish(event);
  });

  section.addEventListener("click", (event) => {
    if (wasDragged) return;
    const list = event.target.closest(".head, .rest");
    if (list) return act.list(list.dataset.day);
    const block = event.target.closest(".entry");
    const day = event.target.closest(".day");
    if (block) open(block, find, act);
    else if (day) act.addAt(slot(event, day));
  });

  section.addEventListener("keydown", (event) => {
    const block = event.target.closest(".entry");
    const entry = block && find(block.dataset.id);
    const shift = event.shiftKey && ARROWS[event.key];
    if (!entry || !shift) return;
    event.preventDefault();
    const [days, minutes] = entry.allDay ? [shift[0], 0] : shift;
    if (days || minutes) act.move(entry, times(entry, { days, minutes, edge: false }));
  });
}

const ARROWS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP],
};

function open(block, find, act) {
  const entry = find(block.dataset.id);
  if (entry) act.open(entry);
}

function begin(event, block, section) {
  const day = block.closest(".day");
  const id = CSS.escape(block.dataset.id);
  return {
    block,
    blocks: [...section.querySelectorAll(`.entry[data-id="${id}"]`)],
    x: event.clientX,
    y: event.clientY,
    isMoving: false,
    edge: Boolean(event.target.closest(".edge")),
    column: Number(day.dataset.index),
    columns: [...day.parentElement.querySelectorAll(".day")],
    hour: day.dataset.from === undefined ? 0 : hourHeight(day),
    days: 0,
    minutes: 0,
  };
}

function follow(event, drag) {
  const boxes = drag.columns.map((column) => column.getBoundingClientRect());
  const own = boxes[drag.column];
  const over = boxes.findIndex((box) => event.clientX >= box.left && event.clientX < box.right);
  if (over >= 0 && !drag.edge) drag.days = over - drag.column;
  if (drag.hour) drag.minutes = Math.round(((event.clientY - drag.y) / drag.hour) * (60 / STEP)) * STEP;
  for (const block of drag.blocks) {
    block.classList.add("dragged");
    const x = over >= 0 ? boxes[drag.column + drag.days].left - own.left : 0;
    const y = (drag.minutes / 60) * drag.hour;
    block.style.setProperty("--x", drag.edge ? "0px" : `${x}px`);
    block.style.setProperty("--y", drag.edge ? "0px" : `${y}px`);
    block.style.setProperty("--more", drag.edge ? `${y}px` : "0px");
  }
}

function times(entry, { days, minutes, edge }) {
  const start = edge ? entry.start : shifted(entry.start, days, minutes);
  let end = shifted(entry.end, days, minutes);
  if (edge && end <= start) end = shifted(start, 0, STEP);
  return { allDay: entry.allDay, start, end };
}

function slot(event, day) {
  const date = day.dataset.day;
  if (day.dataset.from === undefined) return { allDay: true, start: date, end: date };
  const box = day.getBoundingClientRect();
  const minutes = Number(day.dataset.from) + ((event.clientY - box.top) / hourHeight(day)) * 60;
  const from = Math.min(Math.max(0, Math.floor(minutes / 30) * 30), 23 * 60);
  const start = `${date}T${clock(from)}`;
  return { allDay: false, start, end: shifted(start, 0, 60) };
}

function hourHeight(day) {
  const box = day.getBoundingClientRect();
  return box.height / Number(getComputedStyle(day).getPropertyValue("--hours"));
}
