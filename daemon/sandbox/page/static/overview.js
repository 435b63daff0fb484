// The strip above the calendars: the verdict, what is on its way, the daemon, and the faults.

import { fault } from "./ask.js";
import { element, reconciled } from "./elements.js";

const TICK_MS = 100;
const NAME = { severa: "Severa", google: "Google" };
const OTHER = { severa: "Google", google: "Severa" };

const $ = (id) => document.getElementById(id);
let state = null;
let ahead = 0; // milliseconds that this browser's clock is ahead of the demo's
let complain = () => {};

export function listen(onRefusal) {
  complain = onRefusal;
  setInterval(tick, TICK_MS);
}

/** Return the edits that are on their way to the other calendar. */
export const waiting = () => state?.waiting ?? [];

export function show(now) {
  state = now;
  ahead = Date.now() - Date.parse(now.now);
  document.body.classList.remove("away");
  showVerdict(now);
  showDaemon(now.daemon);
  showFaults(now.faults);
  tick();
}

/** Say that the demo itself does not answer. */
export function showAway() {
  document.body.classList.add("away");
  say($("verdict"), "bad", "The demo does not answer.", "This page comes back by itself.");
  $("moving").replaceChildren();
  $("daemon").hidden = true;
  for (const button of $("faults").children) button.disabled = true;
}

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function showVerdict({ verdict, waitingCount }) {
  $("verdict").title = "Compared are title, time and place, in the calendars of everybody. "
    + "Old entries and those of a type that is not synced stay in one calendar only.";
  const troubles = [
    verdict.differing && `${count(verdict.differing, "entry differs", "entries differ")}`,
    verdict.missing && `${count(verdict.missing, "is missing in one", "are missing in one")}`,
    verdict.doubled && `${count(verdict.doubled, "stands twice", "stand twice")}`,
  ].filter(Boolean);
  if (verdict.good && !waitingCount) {
    const alone = verdict.alone ? `; ${verdict.alone} in one only` : "";
    const same = `${count(verdict.same, "entry", "entries")} the same in both, none missing, none twice${alone}`;
    say($("verdict"), "good", "In step", same);
  } else if (verdict.good) {
    say($("verdict"), "busy", "Bringing over", `${verdict.same} the same in both, none missing, none twice`);
  } else {
    say($("verdict"), waitingCount ? "busy" : "bad", waitingCount ? "Bringing over" : "Not in step", troubles.join(", "));
  }
}

function say(place, mood, head, rest) {
  const text = `${head} ${rest}`;
  if (place.dataset.mood === mood && place.textContent === text) return;
  place.dataset.mood = mood;
  place.replaceChildren(element("b", { textContent: head }), " ", element("span", { textContent: rest }));
}

function showDaemon(daemon) {
  const words = {
    absent: ["", ""],
    starting: ["busy", "Daemon is starting"],
    running: ["good", "Daemon is running"],
    dead: ["bad", "Daemon is down"],
  };
  const [mood, text] = words[daemon.state];
  $("daemon").hidden = !text;
  const more = [
    daemon.number && `process ${daemon.number}`,
    daemon.deaths && `killed ${daemon.deaths === 1 ? "once" : `${daemon.deaths} times`}`,
  ].filter(Boolean);
  if (text) say($("daemon"), mood, text, more.join(", "));
}

function showFaults(faults) {
  reconciled($("faults"), faults, (each) => each.name, makeFault, (button, each) => {
    const isSwitch = each.how !== "act";
    button.disabled = !each.possible;
    if (isSwitch) button.setAttribute("aria-pressed", String(each.on));
    button.classList.toggle("on", each.on);
    const hits = each.on && each.how === "while" && each.hits ? ` · ${count(each.hits, "call", "calls")}` : "";
    button.textContent = each.label + (each.on && each.how === "once" ? " · waiting for it" : hits);
  });
}

function makeFault(each) {
  const button = element("button", { type: "button", title: each.help, data: { name: each.name } });
  button.addEventListener("click", () => {
    const isOn = button.getAttribute("aria-pressed") === "true";
    fault(each.name, !isOn).then(show).catch((error) => complain(error.message));
  });
  return button;
}

/** Count the seconds of what is on its way, and of a daemon that is down. */
function tick() {
  if (!state || document.body.classList.contains("away")) return;
  const seconds = (since) => Math.max(0, (Date.now() - ahead - Date.parse(since)) / 1000);
  const [oldest] = state.waiting;
  const place = $("moving");
  if (!oldest) {
    if (place.firstChild) place.replaceChildren();
  } else {
    const more = state.waitingCount > 1 ? ` and ${state.waitingCount - 1} more` : "";
    const way = `${NAME[oldest.side]} → ${OTHER[oldest.side]}`;
    const text = `${oldest.name} ${oldest.what}${more}`;
    if (place.dataset.text !== text || !place.firstChild) {
      place.dataset.text = text;
      place.title = text;
      place.replaceChildren(
        element("span", { className: `way to-${oldest.side === "severa" ? "google" : "severa"}`, textContent: way }),
        element("span", { className: "what", textContent: text }),
        element("span", { className: "latency" }),
      );
    }
    place.lastChild.textContent = `${seconds(oldest.at).toFixed(1)} s`;
  }
  if (state.daemon.state === "dead") {
    say($("daemon"), "bad", "Daemon is down", `for ${seconds(state.daemon.since).toFixed(1)} s, starting again`);
  }
}
