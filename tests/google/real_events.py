"""Events as they stand in people's calendars, with what a person would say that each of them is."""

from datetime import UTC, date, datetime
from typing import Any

from daemon.core.entry import AllDay, Answer, Entry, People, Timed
from daemon.core.recurrence import Recurrence

ANNA, BEN = "anna@example.com", "ben@example.com"
OWN: dict[str, Any] = {
    "kind": "calendar#event",
    "etag": '"3181161784712000"',
    "id": "7hekmtle9s5u0pl6kh7gq1fm3s",
    "status": "confirmed",
    "htmlLink": "https://www.google.com/calendar/event?eid=N2hl",
    "created": "2026-02-20T10:00:00.000Z",
    "updated": "2026-02-20T10:00:00.123Z",
    "creator": {"email": ANNA, "self": True},
    "organizer": {"email": ANNA, "self": True},
    "iCalUID": "7hekmtle9s5u0pl6kh7gq1fm3s@google.com",
    "sequence": 0,
    "reminders": {"useDefault": True},
    "eventType": "default",
}
BOSS = {"email": "boss@other.example", "displayName": "The boss"}
ALONE = People.of({ANNA: Answer.ACCEPTED})


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def helsinki(start: str, end: str, zone: str | None = "Europe/Helsinki") -> dict[str, Any]:
    """Return a span of the second of March, by the clock of Helsinki."""
    named = {"timeZone": zone} if zone else {}
    return {
        "start": {"dateTime": f"2026-03-02T{start}:00+02:00", **named},
        "end": {"dateTime": f"2026-03-02T{end}:00+02:00", **named},
    }


def days(first: str, until: str) -> dict[str, Any]:
    return {"start": {"date": first}, "end": {"date": until}}


def entry(title: str = "Weekly", when: Any = None, **more: Any) -> Entry:
    usual = {"location": "", "notes": "", "private": False, "people": ALONE}
    return Entry(title=title, when=when or Timed(at(2, 8), at(2, 9)), **{**usual, **more})


USUAL = {**OWN, "summary": "Weekly", **helsinki("10:00", "11:00")}
DAY = AllDay(date(2026, 3, 2), date(2026, 3, 3))
HTML = (
    '<p>Agenda</p><ul><li>Plan&nbsp;A</li><li><b>Plan</b> B &amp; C</li></ul><a href="https://www.google.com/url?'
    'q=https://meet.example/x&amp;sa=D">Join</a><br><br><u></u>Bring: 3 &lt; 4'
)
LONG_TEXT = "Rivi åäö 🎉 " * 680
GUESTS = [
    {"email": ANNA, "responseStatus": "accepted", "organizer": True, "self": True},
    {"email": BEN, "displayName": "Ben", "responseStatus": "tentative", "comment": "Late"},
    {
        "email": "c_188a@resource.calendar.google.com",
        "resource": True,
        "responseStatus": "accepted",
    },
    {"email": "Outsider@Elsewhere.test", "optional": True, "responseStatus": "needsAction"},
]

REAL: dict[str, tuple[dict[str, Any], Entry]] = {
    "plain": (USUAL, entry()),
    "no subject": ({**OWN, **helsinki("10:00", "11:00")}, entry("")),
    "blank subject": ({**USUAL, "summary": " \t"}, entry("")),
    "subject of two lines": ({**USUAL, "summary": "Weekly\r\nplan "}, entry("Weekly\nplan")),
    "HTML": (
        {**USUAL, "description": HTML},
        entry(notes="Agenda\n\n- Plan A\n- Plan B & C\n\nJoin (https://meet.example/x)\n\nBring: 3 < 4"),
    ),
    "Outlook's HTML": (
        {**USUAL, "description": "<html><body><div>Hei!</div><div><br></div><div>T: Anna</div></body></html>"},
        entry(notes="Hei!\n\nT: Anna"),
    ),
    "plain text that looks like nothing else": (
        {**USUAL, "description": "https://x.example/?a=1&b=2\nR&D, 3 < 4"},
        entry(notes="https://x.example/?a=1&b=2\nR&D, 3 < 4"),
    ),
    "emoji": ({**USUAL, "summary": "🎂 Juhla 👩‍👩‍👧‍👦", "location": "☕"}, entry("🎂 Juhla 👩‍👩‍👧‍👦", location="☕")),
    "from right to left": (
        {**USUAL, "summary": "\u0641\u0637\u0648\u0631 \u200f\u0645\u0639", "description": "שלום\n\u0639\u0645"},
        entry("\u0641\u0637\u0648\u0631 \u200f\u0645\u0639", notes="שלום\n\u0639\u0645"),
    ),
    "decomposed letters": ({**USUAL, "summary": "Ma\u0308kinen"}, entry("Ma\u0308kinen")),
    "a long description": ({**USUAL, "description": LONG_TEXT}, entry(notes=LONG_TEXT.strip())),
    "a cut emoji": ({**USUAL, "summary": "Juhla \ud83c"}, entry("Juhla \ud83c")),
    "private": ({**USUAL, "visibility": "private"}, entry(private=True)),
    "confidential": ({**USUAL, "visibility": "confidential"}, entry(private=True)),
    "public": ({**USUAL, "visibility": "public"}, entry()),
    "free": ({**USUAL, "transparency": "transparent"}, entry()),
    "tentative": ({**USUAL, "status": "tentative"}, entry()),
    "with a conference": (
        {
            **USUAL, "hangoutLink": "https://meet.google.com/abc-defg-hij", "location": "Room 1, Meet",
            "conferenceData": {"conferenceId": "abc-defg-hij", "entryPoints": [{"entryPointType": "video"}]},
            "attachments": [{"fileUrl": "https://drive.example/x", "title": "Plan"}],
        },
        entry(location="Room 1, Meet"),
    ),
    "meeting": (
        {**USUAL, "attendees": GUESTS},
        entry(people=People.of({ANNA: Answer.ACCEPTED, BEN: Answer.TENTATIVE, "outsider@elsewhere.test": Answer.NONE})),
    ),
    "somebody's meeting": (
        {**USUAL, "organizer": BOSS, "creator": BOSS, "attendees": [{**GUESTS[0], "organizer": False}]},
        entry(people=People.of({ANNA: Answer.ACCEPTED, "boss@other.example": Answer.ACCEPTED})),
    ),
    "a meeting whose guests are hidden": (
        {
            **USUAL, "organizer": BOSS, "guestsCanSeeOtherGuests": False,
            "attendees": [{"email": ANNA, "self": True, "responseStatus": "declined"}],
        },
        entry(people=People.of({ANNA: Answer.DECLINED}, is_whole=False)),
    ),
    "a meeting of too many": (
        {**USUAL, "organizer": BOSS, "attendeesOmitted": True, "attendees": [{**GUESTS[0], "organizer": False}]},
        entry(people=People.of({ANNA: Answer.ACCEPTED}, is_whole=False)),
    ),
    "all day": ({**OWN, "summary": "Trip", **days("2026-03-02", "2026-03-03")}, entry("Trip", DAY)),
    "all day over the change to summer time": (
        {**USUAL, **days("2026-03-28", "2026-03-31")},
        entry(when=AllDay(date(2026, 3, 28), date(2026, 3, 31))),
    ),
    "all day with a zone": (
        {**USUAL, "start": {"date": "2026-03-02", "timeZone": "Asia/Tokyo"}, "end": {"date": "2026-03-03"}},
        entry(when=DAY),
    ),
    "all day that ends when it starts": ({**USUAL, **days("2026-03-02", "2026-03-02")}, entry(when=DAY)),
    "birthday": (
        {
            **OWN, "eventType": "birthday", "summary": "Ben", "visibility": "private",
            "transparency": "transparent", "birthdayProperties": {"type": "birthday", "contact": "people/c1"},
            "recurrence": ["RRULE:FREQ=YEARLY"], **days("2026-03-02", "2026-03-03"),
        },
        entry("Ben", AllDay(date(2026, 3, 2), date(2026, 3, 3), Recurrence(("RRULE:FREQ=YEARLY",))), private=True),
    ),
    "focus time": (
        {
            **USUAL, "eventType": "focusTime", "summary": "Focus",
            "focusTimeProperties": {"autoDeclineMode": "declineNone", "chatStatus": "doNotDisturb"},
        },
        entry("Focus"),
    ),
    "out of office": (
        {
            **USUAL, "eventType": "outOfOffice", "summary": "Away", "visibility": "public",
            "outOfOfficeProperties": {"autoDeclineMode": "declineAllConflictingInvitations"},
        },
        entry("Away"),
    ),
    "working location": (
        {
            **OWN, "eventType": "workingLocation", "summary": "Home", "visibility": "public",
            "transparency": "transparent", "workingLocationProperties": {"type": "homeOffice", "homeOffice": {}},
            **days("2026-03-02", "2026-03-03"),
        },
        entry("Home", DAY),
    ),
    "from Gmail": (
        {
            **USUAL, "eventType": "fromGmail", "summary": "Flight to Oslo (AY 911)", "location": "Helsinki HEL",
            "organizer": {"email": "unknownorganizer@calendar.google.com"}, "guestsCanInviteOthers": False,
            "privateCopy": True, "source": {"title": "Mail", "url": "https://mail.google.com/x"},
        },
        entry(
            "Flight to Oslo (AY 911)", location="Helsinki HEL",
            people=People.of({"unknownorganizer@calendar.google.com": Answer.ACCEPTED}),
        ),
    ),
    "another zone": (
        {
            **USUAL,
            "start": {"dateTime": "2026-03-02T10:00:00+02:00", "timeZone": "America/New_York"},
            "end": {"dateTime": "2026-03-02T18:00:00+09:00", "timeZone": "Asia/Tokyo"},
        },
        entry(),
    ),
    "half an hour's zone": (
        {
            **USUAL,
            "start": {"dateTime": "2026-03-02T13:45:00+05:45", "timeZone": "Asia/Kathmandu"},
            "end": {"dateTime": "2026-03-02T14:45:00+05:45", "timeZone": "Asia/Kathmandu"},
        },
        entry(),
    ),
    "a zone of Windows": ({**USUAL, **helsinki("10:00", "11:00", "FLE Standard Time")}, entry()),
    "an offset for a zone": ({**USUAL, **helsinki("10:00", "11:00", "GMT+02:00")}, entry()),
    "no zone": ({**USUAL, **helsinki("10:00", "11:00", None)}, entry()),
    "floating, in a zone of Windows": (
        {
            **USUAL,
            "start": {"dateTime": "2026-03-02T10:00:00", "timeZone": "FLE Standard Time"},
            "end": {"dateTime": "2026-03-02T11:00:00", "timeZone": "FLE Standard Time"},
        },
        entry(),
    ),
    "in UTC": (
        {**USUAL, "start": {"dateTime": "2026-03-02T08:00:00Z"}, "end": {"dateTime": "2026-03-02T09:00:00Z"}},
        entry(),
    ),
    "over the change to summer time": (
        {
            **USUAL,
            "start": {"dateTime": "2026-03-29T02:30:00+02:00", "timeZone": "Europe/Helsinki"},
            "end": {"dateTime": "2026-03-29T04:30:00+03:00", "timeZone": "Europe/Helsinki"},
        },
        entry(when=Timed(at(29, 0, 30), at(29, 1, 30))),
    ),
    "no length": ({**USUAL, **helsinki("10:00", "10:00")}, entry(when=Timed(at(2, 8), at(2, 8)))),
    "backwards": ({**USUAL, **helsinki("10:00", "09:00")}, entry(when=Timed(at(2, 8), at(2, 7)))),
    "an end that nobody specified": ({**USUAL, "endTimeUnspecified": True}, entry()),
    "no end": ({**{k: v for k, v in USUAL.items() if k != "end"}}, entry(when=Timed(at(2, 8), None))),
    "several days": (
        {
            **USUAL,
            "start": {"dateTime": "2026-03-02T22:00:00+02:00"},
            "end": {"dateTime": "2026-03-05T06:00:00+02:00"},
        },
        entry(when=Timed(at(2, 20), at(5, 4))),
    ),
    "series": (
        {**USUAL, "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE;TZID=Europe/Helsinki:20260309T100000"]},
        entry(when=Timed(at(2, 8), at(2, 9), Recurrence(
            ("RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE;TZID=Europe/Helsinki:20260309T100000"), "Europe/Helsinki",
        ))),
    ),
    "a series of days": (
        {**USUAL, **days("2026-03-02", "2026-03-03"), "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]},
        entry(when=AllDay(date(2026, 3, 2), date(2026, 3, 3), Recurrence(("RRULE:FREQ=DAILY;COUNT=3",)))),
    ),
    "a series that was split": (
        {**USUAL, "id": "7hekmtle9s_R20260309T080000", "recurrence": ["RRULE:FREQ=DAILY"]},
        entry(when=Timed(at(2, 8), at(2, 9), Recurrence(("RRULE:FREQ=DAILY",), "Europe/Helsinki"))),
    ),
    "a rule as only Google writes it": (
        {**USUAL, "recurrence": ["RRULE:DATE;TZID=Europe/Helsinki:20260302T100000"]},
        entry(when=Timed(at(2, 8), at(2, 9), Recurrence(
            ("RRULE:DATE;TZID=Europe/Helsinki:20260302T100000",), "Europe/Helsinki",
        ))),
    ),
    "an id that looks like an occurrence's": ({**USUAL, "id": "20260302_60o30c9g60o30c9g"}, entry()),
    "an id of Outlook's": ({**USUAL, "id": "_60q30c1g60o30e1i60o4ac1g60rj8gpl88rj2c1h"}, entry()),
}  # fmt: skip
