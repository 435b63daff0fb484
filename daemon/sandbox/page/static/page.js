// The page: whose calendars and which week, drawn anew whenever the server says that something changed.

import { ask, change } from "./ask.js";
import { openList } from "./daylist.js";
import { edit } from "./editor.js";
import { element } from "./elements.js";
import { listen } from "./hand.js";
import * as journal from "./journal.js";
import * as overview from "./overview.js";
import { addDays, dayName, dayOf, weekName } from "./times.js";
import { fade, find, flash, fly, markMoving, removed } from "./travel.js";
import { draw } from "./week.js";

const SETTLE_MS = 60;
const COMPLAINT_MS = 7_000;
const START_AGAIN_MS = 2_000;
const NOW_EVERY_MS = 60_000;

const $ = (id) => document.getElementById(id);
const calendars = Object.fromEntries(
  [...document.querySelectorAll(".calendar")].map((section) => [section.dataset.side, section]),
);
const state = { people: [], types: [], person: "", monday: "", week: null, isBusy: false, day: null };

// Loading and drawing.

let loading = 0;
let arrived = []; // news whose flight begins when they are drawn

async function load() {
  const turn = ++loading;
  const query = new URLSearchParams({ person: state.person });
  if (state.monday) query.set("monday", state.monday);
  const wanted = `${state.person} ${state.monday}`;
  try {
    const week = await ask(`/api/week?${query}`);
    if (turn !== loading || wanted !== `${state.person} ${state.monday}`) return;
    overview.show(week.state);
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
  journal.showAll(week.lines);
  // What looks the same is not drawn anew.
  if (looks(before) !== looks(week)) {
    state.week = week;
    state.monday = week.monday;
    const gone = isSameView(before, week) ? removed(calendars, before, week) : [];
    drawAll(before?.monday === week.monday ? state.day : null);
    if (isSameView(before, week)) flash(calendars, before, week);
    for (const ghost of gone) fade(calendars, ghost);
    $("week").textContent = weekName(week.monday);
    history.replaceState(null, "", `#${state.person}/${week.monday}`);
  }
  for (const news of arrived) fly(calendars, news);
  arrived = [];
}

function drawAll(day) {
  const focused = document.activeElement?.closest?.(".entry")?.dataset;
  draw(calendars, state.week, { types: state.types, person: state.person });
  markMoving(calendars, overview.waiting());
  chooseDay(day);
  if (focused?.id) find(calendars, focused.side, focused.id)?.focus();
}

const looks = (week) => week && JSON.stringify({ ...week, lines: null, state: null });

const isSameView = (before, week) =>
  before && before.person === week.person && before.monday === week.monday;

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
      button.addEventListener("click", () => {
        chooseDay(each);
        $("days").children[each].focus();
      });
      return button;
    }),
  );
  for (const cell of document.querySelectorAll("[data-index]")) {
    cell.classList.toggle("chosen", Number(cell.dataset.index) === state.day);
  }
}

// What a person does.

function visit(news) {
  state.monday = addDays(news.day, 0);
  choosePerson(news.email);
}

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
let resizing = 0;

function complain(message) {
  $("complaint").textContent = message;
  $("complaint").hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => ($("complaint").hidden = true), COMPLAINT_MS);
}

function byHand(side, section) {
  const entryOf = (id) => state.week?.[side].find((entry) => entry.id === id);
  const context = () => ({ side, person: state.person, types: state.types, people: state.people });
  const list = (day) => openList(state.week, side, day, (entry) => edit(context(), entry));
  listen(section, entryOf, {
    move: (entry, times) => change(side, state.person, entry.id, times).catch((error) => {
      complain(error.message);
      drawAll(state.day);
    }),
    redraw: () => drawAll(state.day),
    open: (entry) => edit(context(), entry),
    addAt: (times) => edit(context(), null, times),
    list,
    busy: (isBusy) => (state.isBusy = isBusy),
  });
  section.querySelector(".add").addEventListener("click", () => {
    if (!state.week) return;
    const day = addDays(state.week.monday, state.day);
    edit(context(), null, { allDay: false, start: `${day}T09:00`, end: `${day}T10:00` });
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
    // What was missed while the line was down is read whole; a new world has new types.
    ask("/api/company").then((company) => Object.assign(state, company), () => {});
    loadSoon();
  });
  source.addEventListener("error", () => {
    said("Not connected", false);
    overview.showAway();
    // A refusal ends an EventSource for good.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, START_AGAIN_MS);
  });
  source.addEventListener("change", (event) => {
    if (JSON.parse(event.data).email === state.person) loadSoon();
  });
  source.addEventListener("state", (event) => {
    overview.show(JSON.parse(event.data));
    markMoving(calendars, overview.waiting());
  });
  source.addEventListener("line", (event) => {
    const line = JSON.parse(event.data);
    journal.tell(line);
    if (line.email !== state.person) return;
    if (!line.why) arrived.push(line);
    loadSoon();
  });
}

function showCompany(company) {
  Object.assign(state, company);
  $("people").replaceChildren(
    ...company.people.map(({ email, name }) => {
      const button = element("button", { type: "button", textContent: name, data: { email } });
      button.addEventListener("click", () => choosePerson(email));
      return button;
    }),
  );
}

async function start() {
  const company = await ask("/api/company");
  showCompany(company);
  const [person, monday] = decodeURIComponent(location.hash.slice(1)).split("/");
  const isKnown = company.people.some(({ email }) => email === person);
  if (isKnown && /^\d{4}-\d\d-\d\d$/.test(monday)) state.monday = monday;
  for (const [side, section] of Object.entries(calendars)) byHand(side, section);
  choosePerson(isKnown ? person : company.people[0].email);
  follow();
  setInterval(loadSoon, NOW_EVERY_MS);
}

$("previous").addEventListener("click", () => state.week && toWeek(addDays(state.week.monday, -7)));
$("next").addEventListener("click", () => state.week && toWeek(addDays(state.week.monday, 7)));
$("today").addEventListener("click", () => toWeek(""));
for (const name of ["mouseover", "mouseout", "focusin", "focusout"]) {
  $("calendars").addEventListener(name, pointOut);
}
window.addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => state.week && !state.isBusy && drawAll(state.day), SETTLE_MS);
});
if (matchMedia("(max-width: 50rem)").matches) document.querySelector(".faults").open = false;
overview.listen(complain);
journal.listen(visit);

function begin() {
  start().catch((error) => {
    overview.showAway();
    complain(error.message);
    setTimeout(begin, START_AGAIN_MS);
  });
}

begin();
