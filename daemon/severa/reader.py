"""Reads activities out of rows, each in the zone of its owner, whom it asks for where he is new."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from daemon.core.company import User
from daemon.core.link import Activity
from daemon.core.listing import Page
from daemon.errors import Forbidden, Gone, SyncError
from daemon.severa.errors import READ_USER, Unreadable
from daemon.severa.translate import Row, activity_of, user_of
from daemon.severa.transport import Transport, segment

Shown = dict[str, datetime | None]
"""The activities that a listing has brought so far, each with its stamp."""


class Reader:
    """Knows the zones of the company's users, which rows do not name."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._zones: dict[str, str] = {}

    def learn(self, users: Iterable[User]) -> None:
        """Take over the zones of all users, as they were just listed."""
        self._zones = {user.guid: user.zone for user in users}

    async def single(self, row: Any) -> Activity:
        """Return the one activity that was asked for.

        Raises:
            Forbidden: It is an occurrence of a series.
            Unreadable: It is no activity.
        """
        if not isinstance(row, dict):
            raise Unreadable("Severa gave no activity.")
        activity = await self._activity(row)
        if activity is None:
            raise Forbidden("The activity is an occurrence of a series.", reason="Occurrence")
        return activity

    async def written(self, row: Any) -> Activity:
        """Return the activity that a write shows.

        Raises:
            Unreadable: It cannot be read, for whatever reason; it was written all the same.
        """
        try:
            return await self.single(row)
        except SyncError as error:
            # Also a refusal, or a pause, that is about the owner's zone and would be taken for the write's.
            raise Unreadable("Severa's answer to a write cannot be read.") from error

    async def page(self, rows: Iterable[Row], shown: Shown) -> Page[Activity]:
        """Return the rows that were not shown yet, or have changed since, and note them in `shown`."""
        seen: list[Activity] = []
        skipped = 0
        for row in rows:
            activity = await self._activity_or_none(row)
            if activity is None:
                skipped += 1
            elif activity.ref not in shown or shown[activity.ref] != activity.updated_at:
                shown[activity.ref] = activity.updated_at
                seen.append(activity)
        return Page(seen=tuple(seen), skipped=skipped)

    async def zone_of(self, guid: str) -> str:
        """Return the user's zone, UTC where Severa names none."""
        if guid not in self._zones:
            self._zones[guid] = await self._ask_zone(guid)
        return self._zones[guid]

    async def _activity_or_none(self, row: Row) -> Activity | None:
        try:
            return await self._activity(row)
        except Unreadable:
            return None

    async def _activity(self, row: Row) -> Activity | None:
        owner = row.get("ownerUser")
        guid = owner.get("guid") if isinstance(owner, dict) else None
        if not isinstance(guid, str) or not guid:
            raise Unreadable("Severa gave an activity without an owner.")
        return activity_of(row, zone=await self.zone_of(guid))

    async def _ask_zone(self, guid: str) -> str:
        try:
            answer = await self._transport.call(READ_USER, "GET", user_path(guid))
        except Gone:
            return "UTC"
        if not isinstance(answer.content, dict):
            raise Unreadable("Severa gave no user.")
        return user_of(answer.content).zone


def user_path(guid: str) -> str:
    """Return where Severa keeps a user."""
    return f"/v1/users/{segment(guid)}"
