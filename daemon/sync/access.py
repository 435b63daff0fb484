"""Whose calendar or activity a link is, and whether it may be used just now."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from typing import TypeVar

from daemon.core.account import Account
from daemon.core.company import User
from daemon.core.link import Link, Side
from daemon.core.meeting import copy_of
from daemon.core.policy import OWNERS_ALONE
from daemon.core.roster import Index, index_of
from daemon.errors import RateLimited, Transient, UserRefused

T = TypeVar("T")


class Access:
    """Finds the users behind a link and keeps us out of calendars that may not be used."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        domains: Collection[str],
        index: Index | None = None,
    ) -> None:
        """`index` is what is known of all `accounts` together; without it that is worked out here."""
        self._accounts, self._domains = accounts, domains
        self._index = index or index_of(accounts.values())
        self.refused: Collection[str] = ()
        """Users whom Google refused just now, by guid: somebody else organizes what they own (E3)."""

    @property
    def addresses(self) -> frozenset[str]:
        """The addresses of the company's users, but for those that nobody has confirmed yet (A5)."""
        return self._index.confirmed_in(self._domains)

    def account(self, guid: str) -> Account:
        """Return a user by guid."""
        if guid not in self._accounts:
            raise Transient("The person whose entry it is is not known yet.")
        return self._accounts[guid]

    def at(self, address: str) -> Account | None:
        """Return the user of the company who has this address."""
        return self._accounts.get(self._index.by_address.get(address, ""))

    def owner_for(self, link: Link) -> Account:
        """Return as whose activity Severa's side is made: the organizer's if that is one of us (E4)."""
        if link.activity:
            return self.account(link.activity.user)
        if link.google and link.google.is_organizer:
            return self.account(link.google.user)
        organizer = self.at(link.google.organizer) if link.google else None
        if organizer is not None and organizer.user.is_active:
            return organizer
        return self.account(link.source)

    def organizer_for(self, link: Link) -> Account:
        """Return on whose calendar Google's side is made: the owner's, else of one who takes part (E3)."""
        if link.activity is None:
            return self.account(link.source)
        owner = self.account(link.activity.user)
        is_alone = link.activity.category in OWNERS_ALONE
        may_use = not self.bar(link, owner.user.guid) and owner.user.guid not in self.refused
        if is_alone or may_use:
            return owner
        others = (a for a in self.enabled(link) if not a.bar(self._domains))
        free = (a for a in others if a.user.guid not in self.refused)
        return next(free, owner)

    def user_on(self, link: Link, side: Side) -> Account:
        """Return the user on whose calendar a side is, or whose activity it is."""
        seen = link.seen(side)
        return self.account(seen.user if seen else link.source)

    def keepers(self, link: Link) -> dict[Side, str]:
        """Return the address of the activity's owner and of the event's organizer, as they are or will be."""
        if link.activity is None and link.google is None:
            return {}
        copy = link.google
        google = copy.organizer or copy.address if copy else self.organizer_for(link).user.email
        return {Side.SEVERA: self.owner_for(link).user.email, Side.GOOGLE: google}

    async def in_google(self, link: Link, guid: str, call: Callable[[User], Awaitable[T]]) -> T:
        """Call Google as this user, if that is allowed now; a refusal or limit says whose calendar it was."""
        if why := self.bar(link, guid):
            raise Transient(f"A calendar it needs may not be used: {why}")
        try:
            return await call(self.account(guid).user)
        except (UserRefused, RateLimited) as error:
            error.user = guid
            raise

    def bar(self, link: Link, guid: str) -> str:
        """Return why this user's calendar may not be used for this entry, empty if it may (A4, A5, E1)."""
        is_shared = any(not a.bar(self._domains) for a in self.enabled(link))
        return self.account(guid).bar(self._domains, is_shared=is_shared)

    def enabled(self, link: Link) -> Iterator[Account]:
        """Return the enabled users who take part, always in the same order."""
        activity = link.activity
        guids = {copy.user for copy in link.copies} | link.left
        if activity is not None:
            guids |= {activity.user, *activity.members}
        known = (self._accounts[guid] for guid in sorted(guids) if guid in self._accounts)
        return (account for account in known if account.is_enabled)


def copy_written(link: Link, user: str) -> str:
    """Return on whose calendar a change is written: on a person's own copy, else on the one that speaks."""
    own = copy_of(link.copies, user) if user else None
    return own.user if own else link.source
