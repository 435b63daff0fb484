// The page: whose calendars and which week, drawn anew whenever the server says that something changed.

import { ask, change } from "./ask.js";
import { edit } from "./editor.js";
import { listen } from "./hand.js";
import { addDays, clock, dayName, dayOf, weekName } from "./times.js";
import { draw, element } from "./week.js";

const SETTLE_MS = 60;
const COMPLAINT_MS = 7_000;
const LATEST_MAX = 12;
const NOW_EVERY_MS = 60_000;
const OTHER = { severa: "Google", google: "Severa" };
const NAME = { severa: "Severa", google: "Google" };

const $ = (id) => document.getElementById(id);
const calendars = Object.fromEntries(
  [...document.querySelectorAll(".calendar")].map((section) => [section.dataset.side, section]),
);
const state = { people: [], types: [], person: "", monday: "", week: null, isBusy: false, day: null };

// Loading and drawing.

let loading = 0;

async function load() {
  const turn = ++loading;
  const query = new URLSearchParams({ person: state.person });
  if (state.monday) query.set("monday", state.monday);
  const wanted = `${state.person} ${state.monday}`;
  try {
    const week = await ask(`/api/week?${query}`);
    if (turn !== loading || wanted !== `${state.person} ${state.monday}`) return;
    // Nothing is drawn anew under somebody's hand.
    if (state.isBusy) loadSoon();
    else show({ ...week, person: state.person });
  } catch (error) {
    complain(error.message);
  }
}

let timer = 0;

function loadSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => (state.isBusy ? loadSoon() : load()), SETTLE_MS);
}

function show(week) {
  const before = state.week;
  // What looks the same is not drawn anew.
  if (looks(before) === looks(week)) return;
  state.week = week;
  state.monday = week.monday;
  const focused = document.activeElement?.closest?.(".entry")?.dataset;
  const gone = isSameView(before, week) ? removed(before, week) : [];
  draw(calendars, week, state.types);
  if (isSameView(before, week)) flash(before, week);
  for (const ghost of gone) fade(ghost);
  if (focused) find(focused.side, focused.id)?.focus();
  $("week").textContent = weekName(week.monday);
  chooseDay(before?.monday === week.monday ? state.day : null);
  if (!before) tellAll(week.news);
  history.replaceState(null, "", `#${state.person}/${week.monday}`);
}

function redraw() {
  draw(calendars, state.week, state.types);
  chooseDay(state.day);
}

const looks = (week) => JSON.stringify({ ...week, news: null });

const isSameView = (before, week) =>
  before && before.person === week.person && before.monday === week.monday;

function find(side, id) {
  return calendars[side].querySelector(`.entry[data-id="${CSS.escape(id)}"]`);
}

function flash(before, week) {
  for (const side of Object.keys(calendars)) {
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
function removed(before, week) {
  const found = [];
  for (const side of Object.keys(calendars)) {
    const left = new Set(week[side].map((entry) => entry.id));
    for (const entry of before[side].filter((each) => !left.has(each.id))) {
      const block = find(side, entry.id);
      if (!block) continue;
      const parent = block.closest(".day");
      found.push({ side, block: block.cloneNode(true), row: parent.parentElement.className, index: parent.dataset.index });
    }
  }
  return found;
}

function fade({ side, block, row, index }) {
  block.classList.add("gone");
  block.inert = true;
  block.removeAttribute("data-id");
  calendars[side].querySelector(`.${row} .day[data-index="${index}"]`)?.append(block);
  block.addEventListener("animationend", () => block.remove());
}

// Days, one at a time on a phone.

function chooseDay(index) {
  const today = dayOf(state.week.now);
  const days = Array.from({ length: 7 }, (_, each) => addDays(state.week.monday, each));
  state.day = index ?? Math.max(0, days.indexOf(today));
  $("days").replaceChildren(
    ...days.map((day, each) => {
      const button = element("button", { type: "button" });
      button.append(element("span", { textContent: dayName(day) }), String(Number(day.slice(8))));
      button.setAttribute("aria-pressed", String(each === state.day));
      button.classList.toggle("now", day === today);
      button.addEventListener("click", () => chooseDay(each));
      return button;
    }),
  );
  for (const cell of document.querySelectorAll("[data-index]")) {
    cell.classList.toggle("chosen", Number(cell.dataset.index) === state.day);
  }
}

// News.

function sentence(news) {
  const seconds = news.latency === null ? "" : `${news.latency.toFixed(1)} s`;
  const way = `${OTHER[news.side]} → ${NAME[news.side]}`;
  const at = new Date(news.at);
  const time = clock(at.getHours() * 60 + at.getMinutes());
  return [
    element("time", { dateTime: news.at, textContent: `${time}:${String(at.getSeconds()).padStart(2, "0")}` }),
    element("b", { textContent: news.name }),
    element("span", { className: `way to-${news.side}`, textContent: way }),
    element("span", { className: "what", textContent: news.what }),
    element("span", { className: "latency", textContent: seconds }),
  ];
}

function line(tag, news) {
  const go = element("button", { type: "button", className: "go", title: "Show it" }, ...sentence(news));
  go.addEventListener("click", () => visit(news));
  return element(tag, {}, go);
}

function tell(news) {
  const list = $("latest");
  list.querySelector(".quiet")?.remove();
  list.prepend(line("li", news));
  while (list.children.length > LATEST_MAX) list.lastElementChild.remove();
  $("newest").replaceChildren(line("span", news).firstChild);
  $("newest").classList.remove("fresh");
  requestAnimationFrame(() => requestAnimationFrame(() => $("newest").classList.add("fresh")));
}

function tellAll(all) {
  for (const news of all.slice(-LATEST_MAX)) tell(news);
}

function visit(news) {
  if (news.day) state.monday = addDays(news.day, 0);
  choosePerson(news.email);
}

// What a person does.

function choosePerson(email) {
  state.person = email;
  for (const button of $("people").children) {
    button.setAttribute("aria-pressed", String(button.dataset.email === email));
  }
  load();
}

function toWeek(monday) {
  state.monday = monday;
  load();
}

let hiding = 0;

function complain(message) {
  $("complaint").textContent = message;
  $("complaint").hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => ($("complaint").hidden = true), COMPLAINT_MS);
}

function byHand(side, section) {
  const entryOf = (id) => state.week?.[side].find((entry) => entry.id === id);
  listen(section, entryOf, {
    move: (entry, times) => change(side, state.person, entry.id, times).catch((error) => {
      complain(error.message);
      redraw();
    }),
    redraw,
    open: (entry) => edit(side, state.person, state.types, entry),
    addAt: (times) => edit(side, state.person, state.types, null, times),
    busy: (isBusy) => (state.isBusy = isBusy),
  });
  section.querySelector(".add").addEventListener("click", () => {
    const day = addDays(state.week.monday, state.day);
    const times = { allDay: false, start: `${day}T09:00`, end: `${day}T10:00` };
    edit(side, state.person, state.types, null, times);
  });
}

/** Show which entry in the other calendar belongs to the one under the pointer. */
function pointOut(event) {
  for (const old of document.querySelectorAll(".partner")) old.classList.remove("partner");
  const block = event.target.closest?.(".entry");
  if (!block?.dataset.partner || event.type === "mouseout" || event.type === "focusout") return;
  for (const id of [block.dataset.partner, block.dataset.id]) {
    const selector = `.entry[data-id="${CSS.escape(id)}"]`;
    for (const each of document.querySelectorAll(selector)) each.classList.add("partner");
  }
}

// Live.

function follow() {
  const source = new EventSource("/api/live");
  const said = (text, isLive) => {
    $("live").textContent = text;
    $("live").classList.toggle("is-live", isLive);
  };
  source.addEventListener("open", () => {
    said("Live", true);
    // What was missed while the line was down is read whole.
    loadSoon();
  });
  source.addEventListener("error", () => {
    said("Not connected", false);
    // A refusal ends an EventSource for good.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 2_000);
  });
  source.addEventListener("change", (event) => {
    if (JSON.parse(event.data).email === state.person) loadSoon();
  });
  source.addEventListener("news", (event) => {
    const news = JSON.parse(event.data);
    tell(news);
    if (news.email === state.person) loadSoon();
  });
}

async function start() {
  const company = await ask("/api/company");
  Object.assign(state, company);
  $("people").replaceChildren(
    ...company.people.map(({ email, name }) => {
      const button = element("button", { type: "button", textContent: name, data: { email } });
      button.addEventListener("click", () => choosePerson(email));
      return button;
    }),
  );
  const [person, monday] = decodeURIComponent(location.hash.slice(1)).split("/");
  const isKnown = company.people.some(({ email }) => email === person);
  if (isKnown && /^\d{4}-\d\d-\d\d$/.test(monday)) state.monday = monday;
  for (const [side, section] of Object.entries(calendars)) byHand(side, section);
  choosePerson(isKnown ? person : company.people[0].email);
  follow();
  setInterval(loadSoon, NOW_EVERY_MS);
}

$("previous").addEventListener("click", () => toWeek(addDays(state.week.monday, -7)));
$("next").addEventListener("click", () => toWeek(addDays(state.week.monday, 7)));
$("today").addEventListener("click", () => toWeek(""));
for (const name of ["mouseover", "mouseout", "focusin", "focusout"]) {
  $("calendars").addEventListener(name, pointOut);
}
start().catch((error) => complain(error.message));
