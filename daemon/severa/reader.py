"""Reads activities out of rows, each in the zone of its owner, and knows the company's users by guid and address."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from daemon.core.company import User
from daemon.core.link import Activity
from daemon.core.listing import Page
from daemon.errors import Forbidden, Gone, SyncError, Transient
from daemon.severa.errors import READ_USER, Unreadable
from daemon.severa.translate import Row, activity_of, is_occurrence, is_part_of_series, user_of
from daemon.severa.transport import Transport, segment

TOLD_MAX: Final = 100

Shown = dict[str, datetime | None]
"""The activities that a listing has brought so far, each with its stamp."""


class Reader:
    """Knows the company's users, of whom rows name no zone and not always an address.

    What cannot be read is left alone and told once, in words without anything personal.
    """

    def __init__(self, transport: Transport, tell: Callable[[str], None]) -> None:
        self._transport = transport
        self._tell = tell
        self._told: set[str] = set()
        self._users: dict[str, User] = {}
        self._knows_all = False

    def learn(self, users: Iterable[User]) -> None:
        """Take over all users, as they were just listed."""
        self._users = {user.guid: user for user in users}
        self._knows_all = True

    def address_of(self, guid: str) -> str:
        """Return a user's address in lower case, empty where none is known."""
        return self._users[guid].email if guid in self._users else ""

    def guid_at(self, address: str) -> str:
        """Return the active user who has this address.

        Raises:
            Forbidden: Nobody has it, or more than one.
            Transient: The users were not listed yet.
        """
        if not self._knows_all:
            raise Transient("Severa's users are not known yet.")
        found = [one for one in self._users.values() if one.email == address and one.is_active]
        if len(found) == 1:
            return found[0].guid
        how_many = "More than one active user" if found else "No active user"
        raise Forbidden(f"{how_many} of Severa has this person's address.", reason="address")

    async def single(self, row: Any) -> Activity:
        """Return the one activity that was asked for.

        Raises:
            Unreadable: It is no activity.
        """
        if not isinstance(row, dict):
            raise Unreadable("Severa gave no activity.")
        return replace(await self._activity(row), original=json.dumps(row))

    async def written(self, row: Any) -> Activity:
        """Return the activity that a write shows.

        Raises:
            Unreadable: It cannot be read, for whatever reason; it was written all the same.
        """
        try:
            if isinstance(row, dict) and is_part_of_series(row):
                raise Unreadable("Severa shows an occurrence of a series for what was written.")
            return await self.single(row)
        except SyncError as error:
            # Also a refusal, or a pause, that is about the owner's zone and would be taken for the write's.
            raise Unreadable("Severa's answer to a write cannot be read.") from error

    async def page(self, rows: Iterable[Row], shown: Shown) -> Page[Activity]:
        """Return the rows that were not shown yet, or have changed since, and note them in `shown`.

        Occurrences are left out, of which a series makes any number: what is kept is the series.
        """
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

    async def user(self, guid: str) -> User:
        """Return the user, without address and in UTC where Severa does not know them."""
        if guid not in self._users:
            self._users[guid] = await self._ask(guid)
        return self._users[guid]

    def unreadable(self, error: Unreadable) -> None:
        """Tell once that there is something that cannot be read."""
        what = str(error)
        if what not in self._told and len(self._told) < TOLD_MAX:
            self._told.add(what)
            self._tell(what)

    async def _activity_or_none(self, row: Row) -> Activity | None:
        if is_occurrence(row):
            return None
        try:
            return await self._activity(row)
        except Unreadable as error:
            self.unreadable(error)
            return None

    async def _activity(self, row: Row) -> Activity:
        owner = row.get("ownerUser")
        guid = owner.get("guid") if isinstance(owner, dict) else None
        if not isinstance(guid, str) or not guid:
            raise Unreadable("Severa gave an activity without an owner.")
        return activity_of(row, zone=(await self.user(guid)).zone)

    async def _ask(self, guid: str) -> User:
        try:
            answer = await self._transport.call(READ_USER, "GET", user_path(guid))
        except Gone:
            return User(guid, "", is_active=False)
        if not isinstance(answer.content, dict):
            raise Unreadable("Severa gave no user.")
        return user_of(answer.content)


def user_path(guid: str) -> str:
    """Return where Severa keeps a user."""
    return f"/v1/users/{segment(guid)}"
