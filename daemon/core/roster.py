"""Everybody of the company at one moment, in a form that answers at once however many they are."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from daemon.core.account import Account


@dataclass(frozen=True, slots=True)
class Index:
    """What is asked of all users together; it outlives what changes about them with every look."""

    by_address: Mapping[str, str]
    """The guid behind each address; of several users the one who uses the sync, or is active, has it."""
    confirmed: frozenset[str]
    """The addresses that nobody has to confirm (A5)."""
    enabled: frozenset[str]
    """The guids of those who have switched sync on."""
    _within: dict[tuple[str, ...], frozenset[str]] = field(default_factory=dict)

    def confirmed_in(self, domains: Collection[str]) -> frozenset[str]:
        """Return the confirmed addresses in these domains; none: whatever delegation reaches."""
        if not domains:
            return self.confirmed
        key = tuple(domains)
        if key not in self._within:
            within = (a for a in self.confirmed if a.rpartition("@")[2] in domains)
            self._within[key] = frozenset(within)
        return self._within[key]


class Roster:
    """All known users in order of address; it never changes, `having` returns another one."""

    def __init__(self, accounts: Mapping[str, Account], index: Index) -> None:
        """Take the accounts by guid, in order; use `of` to make one."""
        self.accounts, self.index = accounts, index
        self._all: tuple[Account, ...] | None = None

    @classmethod
    def of(cls, accounts: Iterable[Account]) -> "Roster":
        """Return the roster of these users, the very same where it is one already."""
        if isinstance(accounts, Roster):
            return accounts
        ordered = {a.user.guid: a for a in sorted(accounts, key=_place)}
        return cls(ordered, index_of(ordered.values()))

    def __iter__(self) -> Iterator[Account]:
        return iter(self.accounts.values())

    def __len__(self) -> int:
        return len(self.accounts)

    @property
    def all(self) -> tuple[Account, ...]:
        """Every user, ordered by address."""
        if self._all is None:
            self._all = tuple(self.accounts.values())
        return self._all

    def get(self, guid: str) -> Account | None:
        """Return one user by Severa guid."""
        return self.accounts.get(guid)

    def having(self, kept: Iterable[Account]) -> "Roster":
        """Return the roster with these users as they are now."""
        changed = {account.user.guid: account for account in kept}
        before = [self.accounts.get(guid) for guid in changed]
        pairs = list(zip(before, changed.values(), strict=True))
        accounts = {**self.accounts, **changed}
        if any(old is None or _place(old) != _place(new) for old, new in pairs):
            accounts = {a.user.guid: a for a in sorted(accounts.values(), key=_place)}
        is_same = all(old is not None and _facts(old) == _facts(new) for old, new in pairs)
        return Roster(accounts, self.index if is_same else index_of(accounts.values()))


def index_of(accounts: Collection[Account]) -> Index:
    """Return what is asked of all of these users together."""
    by_address: dict[str, Account] = {}
    for account in sorted(accounts, key=lambda a: (a.is_enabled, a.user.is_active)):
        by_address[account.user.email] = account
    by_address.pop("", None)
    return Index(
        {address: account.user.guid for address, account in by_address.items()},
        frozenset(address for address, account in by_address.items() if not account.has_moved),
        frozenset(account.user.guid for account in accounts if account.is_enabled),
    )


def _place(account: Account) -> tuple[str, str]:
    return (account.address or account.user.email).lower(), account.user.guid


def _facts(account: Account) -> tuple[object, ...]:
    """Return all that the index rests on."""
    return account.user.email, account.address, account.user.is_active, account.is_enabled
