"""A refusal that was cut short on the way says nothing about the entry (found by the day with faults at each call)."""

from datetime import UTC, datetime

import pytest

from daemon.errors import Gone, RateLimited, Stale, SyncError, Transient
from daemon.google.errors import Answer, error_of

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CUT = '{"error": {"errors": [{"domain": "usageLimits", "reason": "rateLim'


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Transient),
        (403, Transient),
        (410, Transient),
        (404, Gone),
        (412, Stale),
        (429, RateLimited),
    ],
)
@pytest.mark.parametrize("body", [CUT, CUT.encode()], ids=["text", "bytes"])
def test_a_refusal_without_its_reason_is_no_refusal_of_the_entry(
    status: int, body: str | bytes, expected: type[SyncError]
) -> None:
    assert type(error_of(Answer(status, body), now=NOW)) is expected
