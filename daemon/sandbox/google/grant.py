"""The JWT bearer grant of Google's token endpoint ("OAuth 2.0 for Server to Server Applications")."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jwt

from daemon.sandbox.google.accounts import Accounts, ServiceAccount
from daemon.sandbox.google.errors import TokenError
from daemon.sandbox.google.switches import Switches

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE_PREFIX = "https://www.googleapis.com/auth/"
LIFETIME_MAX_S = 65 * 60
SKEW_MAX_S = 300

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_CLOCK = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)
_UNAUTHORIZED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized "
    "for any of the scopes requested."
)


def granted(
    accounts: Accounts,
    form: Mapping[str, Sequence[str]],
    switches: Switches,
    now: datetime,
    own_url: str,
) -> dict[str, Any]:
    """Answer a token request with a new access token, or refuse with ``TokenError``."""
    assertion = _assertion(form)
    account = _issuer(accounts, assertion)
    claims = _verified(account, assertion)
    if claims.get("aud") not in (AUDIENCE, own_url):
        message = f"Invalid JWT: Failed audience check. The right audience is {AUDIENCE}"
        raise TokenError("invalid_grant", message)
    _check_clock(claims, now)
    scopes = _scopes(claims)
    user = account.email
    if "sub" in claims:
        user = _delegate(accounts, account, claims["sub"], scopes, switches)
    return accounts.issue(account.email, user, scopes, now)


def _assertion(form: Mapping[str, Sequence[str]]) -> str:
    if form.get("grant_type") != [GRANT_TYPE]:
        named = (form.get("grant_type") or [""])[0]
        raise TokenError("unsupported_grant_type", f"Invalid grant_type: {named}")
    if set(form) != {"grant_type", "assertion"} or len(form["assertion"]) != 1:
        raise TokenError("invalid_request", "Required are grant_type and assertion, and only they.")
    assertion = form["assertion"][0]
    if not _COMPACT.fullmatch(assertion):
        # Padding and newlines are reported as a bad signature.
        raise TokenError("invalid_grant", "Invalid JWT Signature.")
    return assertion


def _issuer(accounts: Accounts, assertion: str) -> ServiceAccount:
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise TokenError("invalid_grant", "Invalid JWT Signature.") from error
    account = accounts.service_accounts.get(str(claims.get("iss")))
    if account is None:
        raise TokenError("invalid_grant", "Invalid grant: account not found")
    if account.disabled:
        raise TokenError("invalid_grant", "Robot is disabled.")
    return account


def _verified(account: ServiceAccount, assertion: str) -> dict[str, Any]:
    named = jwt.get_unverified_header(assertion).get("kid")
    keys = [account.keys[named]] if named in account.keys else list(account.keys.values())
    # The clock and the audience are checked apart, since Google has other words for them.
    options: Any = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_aud": False,
        "verify_sub": False,
    }
    for key in keys:
        try:
            return jwt.decode(assertion, key, algorithms=["RS256"], options=options)
        except jwt.InvalidTokenError:
            continue
    raise TokenError("invalid_grant", "Invalid JWT Signature.")


def _check_clock(claims: dict[str, Any], now: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        raise TokenError("invalid_grant", _CLOCK)
    seconds = now.timestamp()
    is_short = issued < expires <= issued + LIFETIME_MAX_S
    if not is_short or issued > seconds + SKEW_MAX_S or expires <= seconds:
        raise TokenError("invalid_grant", _CLOCK)


def _scopes(claims: dict[str, Any]) -> tuple[str, ...]:
    named = claims.get("scope")
    scopes = tuple(named.split(" ")) if isinstance(named, str) else ()
    if not scopes or any(not re.fullmatch(SCOPE_PREFIX + r"[a-z.]+", one) for one in scopes):
        raise TokenError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return scopes


def _delegate(
    accounts: Accounts,
    account: ServiceAccount,
    subject: Any,
    scopes: tuple[str, ...],
    switches: Switches,
) -> str:
    if not isinstance(subject, str) or "@" not in subject:
        raise TokenError("invalid_grant", "Not a valid email")
    if not switches.delegation or not set(scopes) <= set(account.delegated_scopes):
        raise TokenError("unauthorized_client", _UNAUTHORIZED, 401)
    user = accounts.users.get(subject.lower())
    if user is None:
        raise TokenError("invalid_grant", "Invalid email or User ID")
    if user.outside:
        raise TokenError("unauthorized_client", "Unauthorized client or scope in request.", 401)
    if user.deleted:
        raise TokenError("invalid_grant", "The account has been deleted")
    if user.suspended and switches.suspended_user == "access_denied":
        raise TokenError("access_denied", "Account restricted")
    if user.suspended and switches.suspended_user == "invalid_grant":
        raise TokenError("invalid_grant", "Invalid email or User ID")
    return user.email
