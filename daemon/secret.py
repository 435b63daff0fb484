"""A text that must not be shown: it prints as `***` and gives itself only to who asks by name."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A password, key or token."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the text itself; call it only where it leaves for its owner."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__
