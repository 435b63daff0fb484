"""Says in plain words why the daemon did something, from what it logs."""

from collections.abc import Mapping
from typing import Any

from daemon.sandbox.page.lines import Mood

REASONS = {
    ("created", "B1"): "Every event of a person who uses the sync becomes an activity.",
    ("created", "B2"): "Its activity type is one of those that are synced.",
    ("created", "D2"): "Deleted here, but changed in the other calendar: the change wins.",
    ("removed", "D2"): "It was deleted in the other calendar, and nobody had changed it here.",
    ("removed", "B5"): "Its activity type is not synced any more.",
    ("changed", "D1"): "Only what was changed in the other calendar is carried over.",
    ("changed", "D6"): "This entry cannot be changed here, so it was set back.",
    ("changed", "C1"): "What was empty here is filled from the other calendar.",
    ("changed", "E5"): "An answer goes to where the other calendar keeps it.",
    ("changed", "D7"): "Somebody took a change back.",
    ("replaced", "D1"): "Severa does not let this change be made, so the activity was made anew.",
}
BY_RULE = {
    "B1": "Every event of a person who uses the sync becomes an activity.",
    "B2": "Its activity type is one of those that are synced.",
    "B3": "Project tasks are not synced.",
    "B4": "What is private in one calendar is private in the other.",
    "B5": "Its activity type was changed.",
    "B10": "The person declined it.",
    "C1": "The same entry was in both calendars.",
    "D1": "It was changed in the other calendar.",
    "D2": "It was deleted in the other calendar.",
    "D6": "This entry cannot be changed here.",
    "D7": "Somebody took a change back.",
    "E2": "One meeting is one entry, however many people share it.",
    "E5": "An answer goes to where the other calendar keeps it.",
}
FOUND_DONE = "The daemon did not get the answer. It finds it done, and does not do it again."
OUT_AND_IN = "Severa lets nobody change an answer: the person is taken out and asked anew, with it."
EVENTS: dict[str, tuple[Mood, str, str]] = {
    "entry.put-off": ("bad", "{entry} could not be brought over", "The daemon tries again soon."),
    "entry.set-aside": ("bad", "{entry} was refused and is left aside", "{reason}"),
    "entry.held": (
        "bad",
        "{entry} waits for a decision",
        "Too many entries were deleted at once; the daemon asks before it follows.",
    ),
    "entry.parted": ("plain", "{entry} does not follow the other calendar any more", "{rule}"),
    "entry.fault": ("bad", "{entry} met a fault of the daemon", "The daemon tries again soon."),
    "twin.removed": (
        "good",
        "a second copy was taken out",
        "Its first writing came late, when it had been made again already.",
    ),
    "cursor.expired": (
        "plain",
        "Google had forgotten where the daemon was",
        "The daemon reads the whole calendar and compares: nothing is written twice.",
    ),
    "round.failed": ("bad", "the daemon could not look at the calendars", "{reason}"),
    "company.fault": ("bad", "the daemon had to stop syncing", "{reason}"),
    "company.recovered": ("good", "the daemon is syncing again", ""),
    "user.failed": ("bad", "{user} cannot be synced now", "The daemon tries again soon."),
}


def reason(word: str, rule: str) -> str:
    """Return why an entry was created, changed, removed or replaced by a rule; empty where nothing is known."""
    return REASONS.get((word, rule)) or BY_RULE.get(rule, "")


def told_of(record: Mapping[str, Any], *, entry: str, user: str) -> tuple[Mood, str, str] | None:
    """Return mood, sentence and reason for a line of the daemon's log, None for one that says nothing to a person.

    `entry` and `user` are what a person calls them.
    """
    told = EVENTS.get(str(record.get("msg", "")))
    if told is None:
        return None
    names = {
        "entry": entry,
        "user": user,
        "reason": str(record.get("reason") or ""),
        "rule": reason("", str(record.get("rule") or "")),
    }
    mood, what, why = told
    return mood, what.format(**names), why.format(**names)
