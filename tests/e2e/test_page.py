import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from daemon.sandbox.page import Journal, Process, make_page
from daemon.sandbox.people import furnish
from daemon.sandbox.server import Sandbox

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ANNA = "anna@example.com"
CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A machine that runs many tests at once is slow, not wrong.
expect.set_options(timeout=15_000)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="No chromium is installed."),
    # One browser serves them all, so they share its loop.
    pytest.mark.asyncio(loop_scope="module"),
]


class Office:
    """A sandbox, and its page in a browser; `complaints` is what the browser found wrong."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(clock=lambda: NOW)
        self.company = furnish(self.sandbox, monday=MONDAY)
        self.journal = Journal(self.sandbox, self.company)
        self.process = Process(self.journal, clock=lambda: NOW)
        self.complaints: list[str] = []
        self.pages: list[Page] = []
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    async def open(self) -> None:
        """Serve the page, always at the same address."""
        app = make_page(self.sandbox, self.company, journal=self.journal, process=self.process)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def visit(self, browser: Browser, **context: Any) -> Page:
        page = await browser.new_page(**{"viewport": {"width": 1280, "height": 800}} | context)
        self.pages.append(page)
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.set_default_timeout(10_000)
        await page.goto(self.url)
        await expect(page.locator("#live")).to_have_text("Live")
        await expect(page.locator("#week")).to_have_text(re.compile("^2 .* 8 March 2026$"))
        return page

    def titles(self, side: str) -> dict[str, Any]:
        """Return Anna's entries on a side by their titles."""
        anna = self.company.person(ANNA)
        if side == "severa":
            return {row["name"]: row for row in self.sandbox.severa.activities(anna.guid)}
        return {row.get("summary", ""): row for row in self.sandbox.google.events(ANNA)}

    def begins(self, side: str, title: str) -> datetime:
        row = self.titles(side)[title]
        text = row["startDateTime"] if side == "severa" else row["start"]["dateTime"]
        return datetime.fromisoformat(text).astimezone(UTC)


@pytest_asyncio.fixture(loop_scope="module")
async def office() -> AsyncIterator[Office]:
    office = Office()
    await office.open()
    yield office
    for page in office.pages:
        await page.close()
    await office.close()
    assert office.complaints == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        await started.close()


def _calendar(page: Page, side: str) -> Locator:
    return page.locator(f'.calendar[data-side="{side}"]')


def _entry(page: Page, side: str, title: str) -> Locator:
    return _calendar(page, side).locator(".grid .entry", has_text=title)


async def _click_hour(page: Page, side: str, day: str, hour: float) -> None:
    """Click where nothing is, at an hour of a day."""
    column = _calendar(page, side).locator(f'.grid .day[data-day="{day}"]')
    box = await column.bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + (hour - 7) * box["height"] / 12)


async def _save(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        await page.locator(f'#editor [name="{name}"]').fill(value)
    await page.locator("#editor .save").click()
    await expect(page.locator("#editor")).to_be_hidden()


@pytest.mark.parametrize("side", ["severa", "google"])
async def test_a_person_adds_moves_renames_and_deletes_by_hand(
    office: Office, browser: Browser, side: str
) -> None:
    page = await office.visit(browser)

    await _click_hour(page, side, "2026-03-05", 10.1)
    await _save(page, title="Workshop")
    await expect(_entry(page, side, "Workshop")).to_be_visible()
    assert office.begins(side, "Workshop") == datetime(2026, 3, 5, 8, 0, tzinfo=UTC)

    column = _calendar(page, side).locator('.grid .day[data-day="2026-03-06"]')
    here, there = await _entry(page, side, "Workshop").bounding_box(), await column.bounding_box()
    assert here is not None
    assert there is not None
    grip = here["x"] + 20, here["y"] + 10
    await page.mouse.move(*grip)
    await page.mouse.down()
    await page.mouse.move(there["x"] + 20, grip[1] + 2.5 * there["height"] / 12, steps=5)
    await page.mouse.up()
    await expect(column.locator(".entry", has_text="Workshop")).to_be_visible()
    assert office.begins(side, "Workshop") == datetime(2026, 3, 6, 10, 30, tzinfo=UTC)

    await _entry(page, side, "Workshop").click()
    await _save(page, title="Seminar", startTime="09:15")
    await expect(_entry(page, side, "Seminar")).to_be_visible()
    assert office.begins(side, "Seminar") == datetime(2026, 3, 6, 7, 15, tzinfo=UTC)
    assert "Workshop" not in office.titles(side)

    await _entry(page, side, "Seminar").click()
    await page.locator("#editor .delete").click()
    await expect(_entry(page, side, "Seminar")).to_have_count(0)
    assert "Seminar" not in office.titles(side)


async def test_a_person_chooses_the_type_in_severa(office: Office, browser: Browser) -> None:
    page = await office.visit(browser)

    await page.get_by_role("button", name="Add an activity in Severa").click()
    await page.locator('#editor [name="kind"]').select_option(label="Travel")
    await page.locator('#editor [name="allDay"]').check()
    await _save(page, title="Visit to Oulu", startDay="2026-03-04", endDay="2026-03-05")
    await expect(
        _calendar(page, "severa").locator(".whole .begins", has_text="Oulu")
    ).to_be_visible()

    row = office.titles("severa")["Visit to Oulu"]
    assert (row["activityType"]["name"], row["isAllDay"]) == ("Travel", True)


async def test_an_entry_is_moved_with_the_keyboard(office: Office, browser: Browser) -> None:
    page = await office.visit(browser)
    entry = _entry(page, "google", "Demo for Solberg")

    await entry.focus()
    await page.keyboard.press("Shift+ArrowRight")
    column = _calendar(page, "google").locator('.grid .day[data-day="2026-03-06"]')
    await expect(column.locator(".entry", has_text="Demo for Solberg")).to_be_focused()
    await page.keyboard.press("Enter")

    assert office.begins("google", "Demo for Solberg") == datetime(2026, 3, 6, 13, 0, tzinfo=UTC)
    await expect(page.locator("#editor-name")).to_have_text("Change this event in Google Calendar")


async def test_what_cannot_be_is_said_in_the_form_and_can_be_corrected(
    office: Office, browser: Browser
) -> None:
    page = await office.visit(browser)
    await _click_hour(page, "google", "2026-03-05", 10.1)
    await page.locator('#editor [name="title"]').fill("Backwards")
    await page.locator('#editor [name="endTime"]').fill("08:00")

    await page.locator("#editor .save").click()

    await expect(page.locator("#editor .refusal")).to_have_text("The end is before the start.")
    assert "Backwards" not in office.titles("google")
    # The browser itself reports every refusal of a request.
    assert len(office.complaints) == 1
    assert "400" in office.complaints.pop()
    await _save(page, endTime="12:00")
    await expect(_entry(page, "google", "Backwards")).to_be_visible()


async def test_what_arrives_is_seen_at_once_with_its_latency_and_as_plain_text(
    office: Office, browser: Browser
) -> None:
    page = await office.visit(browser)
    title = '<img src="x" onerror="alert(1)"><b>Bold</b>'
    await _click_hour(page, "severa", "2026-03-05", 10.1)
    await _save(page, title=title)
    activity = office.titles("severa")[title]["guid"]

    times = {
        "start": {"dateTime": "2026-03-05T10:00:00+02:00"},
        "end": {"dateTime": "2026-03-05T11:00:00+02:00"},
    }
    event = office.sandbox.google.person_add(ANNA, {"summary": title, **times})["id"]
    office.journal.pair(activity, event)

    arrived = _calendar(page, "google").locator(".entry.flash")
    await expect(arrived.locator(".name")).to_have_text(title)
    await expect(page.locator("#newest .what")).to_have_text(f"added “{title}” on Thu 10:00")
    await expect(page.locator("#newest .latency")).to_have_text("0.0 s")
    assert await page.locator("img").count() == 0
    assert event in (await arrived.get_attribute("title") or "")

    guest = {"email": "eve@elsewhere.example", "displayName": title}
    changes = {"attendees": [guest], "location": title, "description": title}
    office.sandbox.google.person_patch(ANNA, event, changes)
    await expect(_entry(page, "google", "Bold")).to_have_attribute("title", re.compile("with <img"))
    await _entry(page, "google", "Bold").click()
    await expect(page.locator("#guests")).to_contain_text(title)
    await page.get_by_role("button", name="Cancel").click()
    assert await page.locator("img").count() == 0

    office.sandbox.google.person_delete(ANNA, event)
    await expect(_entry(page, "google", "Bold")).to_have_count(0)
    await expect(page.locator("#newest .what")).to_have_text(f"deleted “{title}”")


async def test_people_and_weeks_are_chosen_above(office: Office, browser: Browser) -> None:
    page = await office.visit(browser)

    await page.get_by_role("button", name="Clara Lind", exact=True).click()
    await expect(_entry(page, "severa", "Steering group")).to_be_visible()
    await page.get_by_role("button", name="Previous week").click()
    await expect(page.locator("#week")).to_contain_text("23 February")
    await page.reload()
    await expect(page.locator("#week")).to_contain_text("23 February")
    await page.get_by_role("button", name="This week").click()

    await expect(_entry(page, "google", "Coffee with the auditors")).to_be_visible()
    await expect(page.get_by_role("button", name="Clara Lind", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


async def test_a_phone_shows_one_day_of_both_calendars_and_no_more_than_fits(
    office: Office, browser: Browser
) -> None:
    page = await office.visit(browser, viewport={"width": 390, "height": 844}, has_touch=True)

    await expect(_entry(page, "severa", "Sales meeting")).to_be_visible()
    await expect(_entry(page, "google", "Sales meeting")).to_be_visible()
    await expect(_entry(page, "severa", "Kick-off")).to_be_hidden()
    await page.locator("#days button", has_text="Tue").tap()
    await expect(_entry(page, "severa", "Kick-off")).to_be_visible()

    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_the_page_finds_the_demo_again_and_what_it_missed(
    office: Office, browser: Browser
) -> None:
    page = await office.visit(browser)

    await office.close()
    await expect(page.locator("#live")).to_have_text("Not connected")
    await expect(page.locator("#verdict")).to_have_text(
        "The demo does not answer. This page comes back by itself."
    )
    await expect(page.get_by_role("button", name="Slow Google")).to_be_disabled()
    office.sandbox.severa.person_add(
        office.company.person(ANNA).guid,
        name="Made meanwhile",
        startDateTime=datetime(2026, 3, 5, 12, 0, tzinfo=UTC),
        endDateTime=datetime(2026, 3, 5, 13, 0, tzinfo=UTC),
    )
    await office.open()

    await expect(_entry(page, "severa", "Made meanwhile")).to_be_visible()
    await expect(page.locator("#live")).to_have_text("Live")
    await expect(page.get_by_role("button", name="Slow Google")).to_be_enabled()
    # The browser itself reports that nobody answered.
    assert all("ERR_" in complaint for complaint in office.complaints)
    office.complaints.clear()


async def test_colleagues_are_invited_and_answer_in_the_form(
    office: Office, browser: Browser
) -> None:
    page = await office.visit(browser)
    await _click_hour(page, "google", "2026-03-05", 10.1)
    await page.locator("#guests").get_by_label("Ben Nyström").check()
    await _save(page, title="Workshop")

    await page.get_by_role("button", name="Ben Nyström", exact=True).click()
    await expect(_entry(page, "google", "Workshop")).to_have_class(re.compile("asked"))
    await _entry(page, "google", "Workshop").click()
    await expect(page.locator(".answers legend")).to_have_text("Anna Virtanen asks: do you come?")
    await page.get_by_role("button", name="Yes", exact=True).click()

    await expect(page.locator("#editor")).to_be_hidden()
    await expect(_entry(page, "google", "Workshop")).not_to_have_class(re.compile("asked"))
    (guest,) = (
        row for row in office.titles("google")["Workshop"]["attendees"] if "ben" in row["email"]
    )
    assert guest["responseStatus"] == "accepted"


async def test_faults_are_switched_on_and_the_daemons_death_and_return_are_seen_by_every_page(
    office: Office, browser: Browser
) -> None:
    kills: list[str] = []
    office.process.kill = lambda: kills.append("killed")
    office.process.starting(4711)
    office.process.running()
    page, other = await office.visit(browser), await office.visit(browser)

    slow = page.get_by_role("button", name="Slow Google")
    await slow.focus()
    await page.keyboard.press("Enter")
    await expect(slow).to_have_attribute("aria-pressed", "true")
    await expect(other.get_by_role("button", name="Slow Google")).to_have_class(re.compile("on"))
    await page.get_by_role("button", name="Kill the daemon").click()
    office.process.died("was killed (kill -9)")
    await expect(other.locator("#daemon")).to_contain_text("Daemon is down")
    await expect(page.get_by_role("button", name="Kill the daemon")).to_be_disabled()
    office.process.starting(4712)
    office.process.running()

    await expect(other.locator("#daemon")).to_contain_text("Daemon is running process 4712")
    await expect(other.locator("#journal")).to_contain_text("The daemon was killed (kill -9)")
    await expect(other.locator("#newest")).to_contain_text("The daemon is back after")
    assert kills == ["killed"]


async def test_what_is_on_its_way_is_shown_until_both_are_in_step(
    office: Office, browser: Browser
) -> None:
    page = await office.visit(browser)
    await _click_hour(page, "severa", "2026-03-05", 10.1)
    await _save(page, title="Travelling")
    await expect(page.locator("#verdict")).to_contain_text("Bringing over")
    await expect(page.locator("#moving")).to_contain_text("added “Travelling” on Thu 10:00")
    await expect(_entry(page, "severa", "Travelling")).to_have_class(re.compile("moving"))

    times = {
        "start": {"dateTime": "2026-03-05T10:00:00+02:00"},
        "end": {"dateTime": "2026-03-05T11:00:00+02:00"},
    }
    event = office.sandbox.google.person_add(ANNA, {"summary": "Travelling", **times})["id"]
    activity = office.titles("severa")["Travelling"]["guid"]
    office.journal.hear(
        {
            "msg": "entry.created",
            "side": "google",
            "rule": "B2",
            "activity": activity,
            "event_id": event,
        }
    )

    await expect(page.locator("#verdict")).to_contain_text("In step")
    await expect(page.locator("#moving")).to_be_empty()
    await expect(page.locator("#journal .why").first).to_have_text(
        "Its activity type is one of those that are synced."
    )


async def test_a_crowded_day_stays_readable_and_everything_is_in_its_list(
    office: Office, browser: Browser
) -> None:
    long = "Averyverylongnamewithoutanyspace" * 5
    for number in range(9):
        office.sandbox.google.person_add(
            ANNA,
            {
                "summary": f"{long} {number}",
                "start": {"dateTime": "2026-03-04T09:00:00+02:00"},
                "end": {"dateTime": f"2026-03-05T0{number % 3 + 1}:00:00+02:00"},
            },
        )
        days = {"start": {"date": "2026-03-06"}, "end": {"date": "2026-03-09"}}
        office.sandbox.google.person_add(ANNA, {"summary": f"Day {number}", **days})
    page = await office.visit(browser)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1280

    wednesday = _calendar(page, "google").locator('.grid .day[data-day="2026-03-04"]')
    for box in [await entry.bounding_box() for entry in await wednesday.locator(".entry").all()]:
        assert box is not None
        assert box["width"] >= 12
    await wednesday.locator(".rest").click()
    rows = page.locator("#day-list li")
    assert await rows.filter(has_text=long).count() == 9
    await page.get_by_role("button", name="Close").click()
    friday = _calendar(page, "google").locator('.whole .day[data-day="2026-03-06"]')
    await friday.locator(".rest").focus()
    await page.keyboard.press("Enter")
    await rows.filter(has_text="Day 7").locator("button").click()

    await expect(page.locator('#editor [name="title"]')).to_have_value("Day 7")


async def test_the_night_in_which_the_clocks_change_is_marked_and_an_empty_week_is_empty(
    office: Office, browser: Browser
) -> None:
    page = await office.visit(browser)
    await page.goto(f"{office.url}#{ANNA}/2026-03-23")
    await page.reload()

    await expect(page.locator("#week")).to_have_text(re.compile("^23 .* 29 March 2026$"))
    await expect(page.locator(".head small")).to_have_text(["+1 h", "+1 h"])
    await expect(page.locator(".entry")).to_have_count(0)
