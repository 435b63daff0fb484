"""Reads the unit files as far as tests need them."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "systemd"
PROGRAM = "/opt/severa-gcal/bin/severa-gcal"
_UNITS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Unit:
    """One unit file."""

    name: str

    @property
    def text(self) -> str:
        return (FOLDER / self.name).read_text(encoding="utf-8")

    def all(self, key: str) -> list[str]:
        """Return every value of a key, in their order."""
        return re.findall(rf"^{key}=(.*)$", self.text, flags=re.MULTILINE)

    def one(self, key: str) -> str:
        (value,) = self.all(key)
        return value

    def seconds(self, key: str) -> float:
        match = re.fullmatch(r"(\d+)(s|min|h|)", self.one(key))
        assert match, key
        return int(match[1]) * _UNITS[match[2]]

    def credentials(self) -> dict[str, str]:
        """Return name → file of what is loaded."""
        return dict(value.split(":", 1) for value in self.all("LoadCredential"))

    def settings(self) -> list[str]:
        """Return what the unit says, without its comments."""
        lines = self.text.splitlines()
        return [line for line in lines if line and not line.startswith("#")]


SERVICE = Unit("severa-gcal.service")
SOCKET = Unit("severa-gcal.socket")
NAMES = sorted(p.name for p in FOLDER.iterdir() if p.suffix in (".service", ".socket", ".timer"))
