"""Reads the parameters of a listing as Severa declares them, and refuses those that it could not mean."""

import re
from collections.abc import Iterable
from datetime import datetime

from multidict import MultiMapping

from daemon.sandbox.severa.errors import SeveraError, invalid
from daemon.sandbox.severa.times import parse_instant

NUMBER_MAX = (1 << 31) - 1
_NUMBER = re.compile(r"[0-9]{1,10}")


class Query:
    """The parameters of a GET, read as Severa declares them; SeveraError 400 for a bad value."""

    def __init__(self, given: MultiMapping[str]) -> None:
        self._given = given

    def text(self, name: str) -> str | None:
        """Return a text, None if absent or blank."""
        return self._given.get(name) or None

    def texts(self, name: str) -> frozenset[str]:
        """Return the values of a repeated key."""
        return frozenset(self._given.getall(name, []))

    def flag(self, name: str) -> bool | None:
        """Return true, false, or None if absent."""
        text = self.text(name)
        if text is None:
            return None
        if text.lower() not in ("true", "false"):
            raise refused(name, "must be true or false.")
        return text.lower() == "true"

    def instant(self, name: str) -> datetime | None:
        """Return an instant, None if absent."""
        text = self.text(name)
        try:
            return parse_instant(text) if text else None
        except ValueError:
            raise refused(name, "must be a date-time with an offset.") from None

    def number(self, name: str) -> int | None:
        """Return a whole number from 1, None if absent."""
        text = self.text(name)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= NUMBER_MAX:
            raise refused(name, "must be a positive number.")
        return int(text)

    def choices(self, name: str, allowed: Iterable[str]) -> frozenset[str]:
        """Return the values of a repeated key, each one of those allowed."""
        found = self.texts(name) - {""}
        if not found <= frozenset(allowed):
            raise refused(name, f"must be one of {', '.join(allowed)}.")
        return found


def refused(name: str, message: str) -> SeveraError:
    """Return the refusal of a parameter."""
    return invalid(name, f"{name} {message}", location="UriParameter")
