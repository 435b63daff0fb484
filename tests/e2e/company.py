"""A furnished company: activity types, credentials and a configuration, before any daemon runs on it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon.sandbox.google import make_service_account_key
from tests.e2e.world import World

SIGNING_KEY = "a signing key of this test, long enough"
SERVICE_ACCOUNT = "sync@example-project.iam.gserviceaccount.com"
CLIENT_ID, CLIENT_SECRET = "severa-client", "severa-secret"
SCOPE = "https://www.googleapis.com/auth/calendar"


@dataclass
class Company(World):
    """One company with what its administrator has at hand."""

    path: Path = field(kw_only=True)
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)

    def furnish(self) -> None:
        key = make_service_account_key(SERVICE_ACCOUNT)
        google, severa = self.sandbox.google, self.sandbox.severa
        google.add_service_account(
            SERVICE_ACCOUNT, key.private_key.public_key(), client_id="117", delegated_scopes=[SCOPE]
        )
        (self.path / "key.p12").write_bytes(key.p12)
        (self.path / "key.json").write_text(key.json_text)
        severa.add_credentials(CLIENT_ID, CLIENT_SECRET)
        severa.requests_per_second = None
        for name, category, is_default in (
            ("Meeting", "CalendarEntry", True),
            ("Travel", "CalendarEntry", False),
            ("To-do", "SalesEvent", False),
            ("Project task", "Task", False),
            ("Personal", "Personal", False),
            ("Vacation", "Absences", False),
        ):
            self.types[name] = severa.add_type(name, category, is_default=is_default)
        for name, content in (("secret", CLIENT_SECRET), ("signing-key", SIGNING_KEY)):
            (self.path / name).write_text(content + "\n")
            (self.path / name).chmod(0o600)

    def configure(self, **sections: dict[str, Any]) -> Path:
        """Write the configuration; `sections` override single keys."""
        for section, keys in sections.items():
            self.overrides.setdefault(section, {}).update(keys)
        config: dict[str, dict[str, Any]] = {
            "severa": {
                "base_url": self.sandbox.severa_url,
                "client_id": CLIENT_ID,
                "client_secret_file": "secret",
                "requests_per_second": 1000,
            },
            "google": {
                "api_root": self.sandbox.google_url,
                "token_uri": self.sandbox.token_uri,
                "requests_per_minute": 1_000_000,
                "requests_per_minute_per_user": 1_000_000,
                "requests_per_day": 1_000_000_000,
            },
            "web": {"listen": "127.0.0.1:0", "severa_signing_key_file": "signing-key"},
            "store": {"url": f"sqlite:///{self.path}/severa-gcal.db"},
            "sync": {"poll_interval": 1},
            "log": {"format": "json"},
        }
        for section, keys in self.overrides.items():
            config[section].update(keys)
        lines = []
        for section, keys in config.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        file = self.path / "config.toml"
        file.write_text("\n".join(lines) + "\n")
        return file
