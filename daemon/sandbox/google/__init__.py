"""A stateful Google Calendar on loopback, written from the vendor's contract alone."""

from daemon.sandbox.google.app import make_app
from daemon.sandbox.google.errors import ApiError, TokenError
from daemon.sandbox.google.keys import ServiceAccountKey, make_service_account_key
from daemon.sandbox.google.state import GoogleState
from daemon.sandbox.google.switches import Limits, Switches

__all__ = [
    "ApiError",
    "GoogleState",
    "Limits",
    "ServiceAccountKey",
    "Switches",
    "TokenError",
    "make_app",
    "make_service_account_key",
]
