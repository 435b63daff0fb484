"""The JWT bearer grant of Google's token endpoint ("OAuth 2.0 for Server to Server Applications")."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jwt

from daemon.sandbox.google.accounts import Accounts, ServiceAccount
from daemon.sandbox.google.errors import TokenError
from daemon.sandbox.google.refusals import token_error
from daemon.sandbox.google.switches import Switches

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE_PREFIX = "https://www.googleapis.com/auth/"
LIFETIME_MAX_S = 65 * 60
SKEW_MAX_S = 300
CALENDAR_SCOPES = frozenset(
    "calendar" + name + twin
    for name, twins in {
        "": ("", ".readonly"),
        ".events": ("", ".readonly"),
        ".events.owned": ("", ".readonly"),
        ".events.freebusy": ("",),
        ".events.public.readonly": ("",),
        ".app.created": ("",),
        ".acls": ("", ".readonly"),
        ".calendars": ("", ".readonly"),
        ".calendarlist": ("", ".readonly"),
        ".freebusy": ("",),
        ".settings.readonly": ("",),
    }.items()
    for twin in twins
)

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


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
    answer = accounts.issue(account.email, user, scopes, now)
    if switches.expires_in == "text":
        answer["expires_in"] = str(answer["expires_in"])
    return answer


def _assertion(form: Mapping[str, Sequence[str]]) -> str:
    if form.get("grant_type") != [GRANT_TYPE]:
        named = (form.get("grant_type") or [""])[0]
        raise TokenError("unsupported_grant_type", f"Invalid grant_type: {named}")
    if set(form) != {"grant_type", "assertion"} or len(form["assertion"]) != 1:
        raise TokenError("invalid_request", "Required are grant_type and assertion, and only they.")
    assertion = form["assertion"][0]
    if not _COMPACT.fullmatch(assertion):
        # Padding and newlines are reported as a bad signature.
        raise token_error("invalid_grant")
    return assertion


def _issuer(accounts: Accounts, assertion: str) -> ServiceAccount:
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise token_error("invalid_grant") from error
    issuer = str(claims.get("iss"))
    account = accounts.service_accounts.get(issuer)
    if account is None and "@" not in issuer:
        raise token_error("invalid_grant:issuer")
    if account is None:
        raise token_error("invalid_grant:account")
    if account.disabled:
        raise token_error("invalid_grant:robot")
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
            claims: dict[str, Any] = jwt.decode(
                assertion, key, algorithms=["RS256"], options=options
            )
        except jwt.InvalidTokenError:
            continue
        if key in account.disabled_keys:
            raise token_error("disabled_client")
        return claims
    raise token_error("invalid_grant")


def _check_clock(claims: dict[str, Any], now: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        raise token_error("invalid_grant:clock")
    seconds = now.timestamp()
    is_short = issued < expires <= issued + LIFETIME_MAX_S
    if not is_short or issued > seconds + SKEW_MAX_S or expires <= seconds:
        raise token_error("invalid_grant:clock")


def _scopes(claims: dict[str, Any]) -> tuple[str, ...]:
    named = claims.get("scope")
    scopes = tuple(named.split(" ")) if isinstance(named, str) else ()
    if not scopes or not all(_is_scope(one) for one in scopes):
        raise token_error("invalid_scope")
    return scopes


def _is_scope(text: str) -> bool:
    """Tell whether Google knows a scope; of those outside Calendar only the form is looked at."""
    if not re.fullmatch(SCOPE_PREFIX + r"[a-z.]+", text):
        return False
    name = text.removeprefix(SCOPE_PREFIX)
    return name in CALENDAR_SCOPES or name.partition(".")[0] != "calendar"


def _delegate(
    accounts: Accounts,
    account: ServiceAccount,
    subject: Any,
    scopes: tuple[str, ...],
    switches: Switches,
) -> str:
    if not isinstance(subject, str) or "@" not in subject:
        raise token_error("invalid_grant:email")
    if not switches.delegation or not set(scopes) <= set(account.delegated_scopes):
        raise token_error("unauthorized_client")
    user = accounts.users.get(subject.lower())
    if user is None:
        raise token_error("invalid_grant:user")
    if user.outside:
        raise token_error("unauthorized_client:domain")
    if user.purged:
        raise token_error("invalid_request")
    if user.deleted:
        raise token_error("invalid_grant:deleted")
    if user.suspended and switches.suspended_user == "access_denied":
        raise token_error("access_denied:account")
    if user.suspended and switches.suspended_user == "invalid_grant":
        raise token_error("invalid_grant:user")
    return user.email
