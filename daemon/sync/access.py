"""Whose calendar or activity a link is, and whether it may be used just now."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeVar

from daemon.core.account import Account
from daemon.core.company import User
from daemon.core.link import Link, Side
from daemon.errors import RateLimited, Transient, UserRefused

T = TypeVar("T")


class Access:
    """Finds the users behind a link and keeps us out of calendars that may not be used."""

    def __init__(self, accounts: Mapping[str, Account], domains: Collection[str]) -> None:
        self._accounts, self._domains = accounts, domains

    def account(self, guid: str) -> Account:
        """Return a user by guid."""
        if guid not in self._accounts:
            raise Transient("The person whose entry it is is not known yet.")
        return self._accounts[guid]

    def calendar_of(self, guid: str) -> User:
        """Return the user whose calendar is about to be used, if that is allowed now (A4, A5)."""
        account = self.account(guid)
        if why := account.bar(self._domains):
            raise Transient(f"A calendar it needs may not be used: {why}")
        return account.user

    def owner_of(self, link: Link) -> Account:
        """Return the user on whose calendar, or as whose activity, a new side is made."""
        return self.account(link.activity.user if link.activity else link.source)

    def user_on(self, link: Link, side: Side) -> Account:
        """Return the user on whose calendar a side is, or whose activity it is."""
        seen = link.seen(side)
        return self.account(seen.user if seen else link.source)

    async def in_google(self, guid: str, call: Callable[[User], Awaitable[T]]) -> T:
        """Call Google as this user; a refusal or limit says whose calendar it was."""
        try:
            return await call(self.calendar_of(guid))
        except (UserRefused, RateLimited) as error:
            error.user = guid
            raise

    def bar(self, guid: str) -> str:
        """Return why this user's calendar may not be used, empty if it may."""
        return self.account(guid).bar(self._domains)
