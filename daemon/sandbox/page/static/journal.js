// The journal: what arrived, how long it took and why, and what else happened to the sync.

import { element, reconciled } from "./elements.js";
import { clock } from "./times.js";

const LINES_MAX = 60;
const OTHER = { severa: "Google", google: "Severa" };
const NAME = { severa: "Severa", google: "Google" };

const $ = (id) => document.getElementById(id);
let lines = [];
let visit = () => {};

export function listen(onVisit) {
  visit = onVisit;
}

/** Take all lines anew, as after a time without a connection. */
export function showAll(all) {
  const isFirst = !lines.length;
  const newest = lines[0]?.number;
  lines = [...all].reverse().slice(0, LINES_MAX);
  redraw();
  if (lines.length) head(lines[0], !isFirst && newest !== lines[0].number);
}

/** Add a line, or take the place of the one with its number. */
export function tell(line) {
  const place = lines.findIndex((each) => each.number === line.number);
  if (place >= 0) lines[place] = line;
  else lines = [line, ...lines].slice(0, LINES_MAX);
  redraw();
  if (place <= 0) head(lines[0], place < 0);
}

function redraw() {
  if (!lines.length) return;
  const key = (line) => `${line.number} ${line.at} ${line.why}`;
  reconciled($("journal"), lines, key, (line) => element("li", {}, drawn(line)), () => {});
}

function head(line, isFresh) {
  const place = $("newest");
  place.replaceChildren(drawn(line));
  if (!isFresh) return;
  place.classList.remove("fresh");
  requestAnimationFrame(() => requestAnimationFrame(() => place.classList.add("fresh")));
}

function drawn(line) {
  if (!line.side) return element("span", { className: "line", data: { mood: line.mood } }, ...note(line));
  const go = element("button", { type: "button", className: "line go", title: "Show it" }, ...news(line));
  go.addEventListener("click", () => visit(line));
  return go;
}

function note(line) {
  return [time(line), element("b", { className: "mark" }), element("span", { className: "what", textContent: line.what }), ...why(line)];
}

function news(line) {
  const seconds = line.latency === null ? "" : `${line.latency.toFixed(1)} s`;
  const way = `${OTHER[line.side]} → ${NAME[line.side]}`;
  return [
    time(line),
    element("b", { textContent: line.name }),
    element("span", { className: `way to-${line.side}`, textContent: way }),
    element("span", { className: "what", textContent: line.what }),
    element("span", { className: "latency", textContent: seconds, title: seconds && "From the edit to its arrival" }),
    ...why(line),
  ];
}

const why = (line) => (line.why ? [element("span", { className: "why", textContent: line.why })] : []);

function time(line) {
  const at = new Date(line.at);
  const text = `${clock(at.getHours() * 60 + at.getMinutes())}:${String(at.getSeconds()).padStart(2, "0")}`;
  return element("time", { dateTime: line.at, textContent: text });
}
