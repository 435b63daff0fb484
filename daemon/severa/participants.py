"""Who takes part in an activity: read with one call, changed one person at a time (Severa REST API, participants)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from daemon.core.company import User
from daemon.core.entry import Answer, People
from daemon.core.link import Activity
from daemon.errors import CompanyRefused, Gone, Refused, Stale
from daemon.severa.errors import ADD_PERSON, LIST_PEOPLE, REMOVE_PERSON, Unreadable
from daemon.severa.listing import rows_of
from daemon.severa.reader import Reader
from daemon.severa.translate import Participant, participant_body, participant_of
from daemon.severa.transport import Transport, segment


class Participants:
    """Reads and changes who takes part in activities; an owner takes part without being a participant."""

    def __init__(self, transport: Transport, reader: Reader) -> None:
        self._transport, self._reader = transport, reader

    async def shown(self, activity: Activity, owner: User) -> Activity:
        """Return the activity with those who take part in it now.

        Raises:
            Gone: It is not there any more.
        """
        return await self.peopled(activity, owner, await self._listed(activity))

    async def peopled(
        self, activity: Activity, owner: User, listed: Sequence[Participant] = ()
    ) -> Activity:
        """Return the activity with its owner and these participants, where none are given with its owner alone."""
        entry = replace(activity.entry, people=await self._people(activity, owner, listed))
        return replace(activity, entry=entry, members=frozenset(one.user for one in listed))

    async def change(
        self, activity: Activity, owner: User, address: str, answer: Answer
    ) -> Activity:
        """Let somebody take part with this answer, or not at all, and return the activity as it then is.

        That is what was listed before the write and what its answer says: a list read after it could show what somebody
        else has done since, as if that were ours. Nothing is written where that is so already, nor about the owner, who
        cannot be taken out.

        Raises:
            Stale: The person takes part with another answer, and Severa does not change one.
            Forbidden: No user of Severa has the address.
            Gone: It is not there any more.
        """
        listed = await self._listed(activity)
        people = await self._people(activity, owner, listed)
        is_owner = address == await self._address_of(activity, owner)
        if is_owner or people.answer(address) is answer:
            return await self.peopled(activity, owner, listed)
        theirs = [one for one in listed if one.address == address]
        if answer is Answer.OUT:
            await self._take_out(activity, theirs)
            left = [one for one in listed if one.address != address]
        elif theirs:
            raise Stale("The person takes part in the activity with another answer.")
        else:
            left = [*listed, await self._added(activity, address, answer)]
        return await self.peopled(activity, owner, left)

    async def _take_out(self, activity: Activity, rows: Sequence[Participant]) -> None:
        for one in rows:
            path = f"{_path(activity)}/{segment(one.row)}"
            with suppress(Gone):
                await self._transport.call(REMOVE_PERSON, "DELETE", path)

    async def _added(self, activity: Activity, address: str, answer: Answer) -> Participant:
        body = participant_body(activity.ref, self._reader.guid_at(address), answer)
        try:
            made = await self._transport.call(
                ADD_PERSON, "POST", "/v1/activityparticipants", body=body
            )
        except CompanyRefused:
            raise
        except (Refused, Gone) as error:
            # Severa refuses whoever takes part already; and what it does not find may be the activity.
            theirs = [one for one in await self._listed(activity) if one.address == address]
            if theirs:
                return theirs[0]
            if isinstance(error, Gone):
                raise Refused(str(error), reason="NotFound") from error
            raise
        return self._made(made.content, address)

    def _made(self, content: Any, address: str) -> Participant:
        made = participant_of(content) if isinstance(content, Mapping) else None
        if made is None or (made.address or self._reader.address_of(made.user)) != address:
            raise Unreadable("Severa did not show whom it added to the activity.")
        return replace(made, address=address)

    async def _listed(self, activity: Activity) -> list[Participant]:
        """Return the users who take part besides the owner, who may be listed as well."""
        answer = await self._transport.call(LIST_PEOPLE, "GET", _path(activity))
        users = (participant_of(row) for row in rows_of(LIST_PEOPLE, answer.content))
        return [
            replace(one, address=one.address or self._reader.address_of(one.user))
            for one in users
            if one is not None and one.user != activity.user
        ]

    async def _people(
        self, activity: Activity, owner: User, listed: Sequence[Participant]
    ) -> People:
        # Of two rows of one person the first counts.
        answers = {one.address: one.answer for one in reversed(listed)}
        answers[await self._address_of(activity, owner)] = Answer.ACCEPTED
        answers.pop("", None)
        return People.of(answers)

    async def _address_of(self, activity: Activity, owner: User) -> str:
        if activity.user == owner.guid:
            return owner.email.lower()
        return (await self._reader.user(activity.user)).email


def _path(activity: Activity) -> str:
    return f"/v1/activities/{segment(activity.ref)}/activityparticipants"
