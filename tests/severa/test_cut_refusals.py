"""A refusal that was cut short on the way says nothing about the entry (found by the day with faults at each call)."""

import pytest

from daemon.errors import Gone, RateLimited, SyncError
from daemon.severa.errors import CHANGE, Unreadable, error_of

CUT = b'{"error": {"httpStatusCode": 400, "type": "InvalidOpe'


@pytest.mark.parametrize(
    ("status", "expected"), [(400, Unreadable), (403, Unreadable), (404, Gone), (429, RateLimited)]
)
def test_a_refusal_without_its_reason_is_no_refusal_of_the_entry(
    status: int, expected: type[SyncError]
) -> None:
    assert type(error_of(CHANGE, status, {}, CUT)) is expected
