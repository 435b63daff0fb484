"""What a refusal of Google's token endpoint means: whose fault it is, and what the administrator can do."""

import re
from datetime import datetime
from typing import Any, Final

from daemon.errors import CompanyRefused, RateLimited, SyncError, Transient, UserRefused
from daemon.google.credentials import SCOPE, ServiceAccount
from daemon.google.errors import Answer, body_as_json, header, http_date, retry_after

_CLOCK_TOLERANCE_S: Final = 60.0
_PASSING: Final = frozenset({"internal_failure", "server_error", "temporarily_unavailable"})
_DELEGATE: Final = (
    "In the Workspace admin console, under Security > Access and data control > API controls >"
    " Domain-wide delegation, add the client id {client} with the scope " + SCOPE + "."
    " It can take up to 24 hours to work."
)
_NEW_KEY: Final = (
    "Check that key and e-mail address belong together, and that the key still stands among the"
    " account's keys in the Google Cloud console; else make a new one."
)
_USER_GONE: Final = ("Google has no user {subject}.", "Severa must hold the user's Google address.")

# Each line: code, what its description starts with, reason, sentence, hint.
_COMPANY: Final[tuple[tuple[str, str, str, str, str], ...]] = (
    (
        "invalid_grant",
        "Invalid JWT Signature",
        "key",
        "The key is not, or no longer, a key of the service account {account}.",
        _NEW_KEY,
    ),
    (
        "invalid_grant",
        "Invalid grant: account not found",
        "account",
        "Google does not know the service account {account}.",
        "Check its e-mail address in the Google Cloud console.",
    ),
    (
        "invalid_grant",
        "Invalid JWT: No valid verifier",
        "account",
        "Google does not know the service account {account}.",
        "Check its e-mail address in the Google Cloud console.",
    ),
    (
        "invalid_grant",
        "Invalid JWT",
        "assertion",
        "Google does not accept what the service account {account} signs.",
        "Check the setting [google] token_uri: it is also whom the signed claim is addressed to.",
    ),
    (
        "invalid_grant",
        "Robot is disabled",
        "account",
        "The service account {account} is disabled.",
        "Enable it in the Google Cloud console.",
    ),
    (
        "disabled_client",
        "",
        "key",
        "The key of the service account {account} is disabled.",
        "Enable it in the Google Cloud console, or make a new one.",
    ),
    (
        "deleted_client",
        "",
        "account",
        "The client of the service account {account} was deleted.",
        "Restore it in the Google Cloud console within 30 days, or make a new account.",
    ),
    (
        "invalid_client",
        "",
        "key",
        "Google does not accept the service account {account} with this key.",
        _NEW_KEY,
    ),
    ("invalid_scope", "", "scope", "Google does not know the scope that is asked for.", _DELEGATE),
    ("unauthorized_client", "", "delegation", "Delegation is missing.", _DELEGATE),
    ("access_denied", "", "delegation", "The delegation does not cover calendars.", _DELEGATE),
    (
        "admin_policy_enforced",
        "",
        "policy",
        "A policy of the Workspace forbids the calendar scope.",
        "In the Workspace admin console, under Security > API controls, let this service account"
        " use Google Calendar.",
    ),
    (
        "org_internal",
        "",
        "policy",
        "The service account's project serves only its own organization.",
        "Make the service account in a project of the Workspace whose calendars are synced.",
    ),
)


def grant_error_of(
    answer: Answer, *, account: ServiceAccount, subject: str, now: datetime
) -> SyncError:
    """Return what a refused token means; only an error of one user names that user's address."""
    body = body_as_json(answer.body)
    code, text = _told(body, "error"), _told(body, "error_description")
    if answer.status == 429:
        return RateLimited(
            "Google's token address asks for a pause.", retry_after=retry_after(answer, now=now)
        )
    if answer.status >= 500 or answer.status < 400 or answer.status == 408 or code in _PASSING:
        return Transient(f"Google's token address answered {answer.status}.")
    if not code:
        return CompanyRefused(
            f"Google's token address answered {answer.status} without saying why.",
            hint="Check the setting [google] token_uri.",
            reason="token-address",
        )
    if code == "invalid_grant" and text.startswith("Invalid JWT: Token must be"):
        return _clock(answer, now)
    if code == "invalid_grant" and _is_ended(account, now) and text.startswith("Invalid JWT Sig"):
        return _ended(account)
    if (company := _of_the_company(code, text, account)) is not None:
        return company
    return _of_the_user(code, text, subject)


def outside_delegation(subject: str) -> UserRefused:
    """Return the error of a user whose domain the delegation, which works for others, does not reach."""
    return UserRefused(
        f"The delegation does not reach {subject}.",
        hint="The user's address in Severa must belong to the company's Google Workspace.",
        reason="delegation",
    )


def _told(body: Any, name: str) -> str:
    text = body.get(name) if isinstance(body, dict) else None
    return text if isinstance(text, str) else ""


def _clock(answer: Answer, now: datetime) -> CompanyRefused:
    hint = "Switch time synchronisation on."
    theirs = http_date(header(answer, "Date"))
    ahead = (now - theirs).total_seconds() if theirs else 0.0
    if abs(ahead) < _CLOCK_TOLERANCE_S:
        return CompanyRefused("This machine's clock is wrong.", hint=hint, reason="clock")
    how = f"{_span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} Google's"
    return CompanyRefused(f"This machine's clock is {how}.", hint=hint, reason="clock")


def _is_ended(account: ServiceAccount, now: datetime) -> bool:
    return account.key_ends is not None and account.key_ends <= now


def _ended(account: ServiceAccount) -> CompanyRefused:
    return CompanyRefused(
        f"The key of the service account {account.email} ended on {account.key_ends:%Y-%m-%d}.",
        hint="Make a new one in the Google Cloud console.",
        reason="key-ended",
    )


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"


def _of_the_company(code: str, text: str, account: ServiceAccount) -> CompanyRefused | None:
    if code == "access_denied" and "account" in text.lower():
        # "Account restricted" is one person's account; the others' calendars still work.
        return None
    for expected, beginning, reason, message, hint in _COMPANY:
        if code == expected and text.startswith(beginning):
            client = account.client_id or f"of {account.email}"
            return CompanyRefused(
                message.format(account=account.email),
                hint=hint.format(client=client),
                reason=reason,
            )
    if code in ("invalid_grant", "invalid_account") or "impersonation" in text:
        return None
    word = code if re.fullmatch(r"[a-z_]{1,40}", code) else "an unknown error"
    return CompanyRefused(
        f"Google refuses the service account {account.email} ({word}).",
        hint="Check the account, its key and its delegation.",
        reason=word,
    )


def _of_the_user(code: str, text: str, subject: str) -> UserRefused:
    """Take an unknown refusal for the user's own: taken for the company's it would stop everybody."""
    lower = text.lower()
    if "invalid email" in lower or "not a valid email" in lower or "impersonation" in lower:
        message, hint = _USER_GONE
        return UserRefused(message.format(subject=subject), hint=hint, reason="no-user")
    if "deleted" in lower:
        return UserRefused(
            f"The Google account of {subject} was deleted.",
            hint="Restore it in the Workspace admin console, or deactivate the user in Severa.",
            reason="deleted",
        )
    return UserRefused(
        f"Google does not let the service account act as {subject}.",
        hint="Check in the Workspace admin console whether the account is suspended.",
        reason="suspended" if "suspend" in lower else "refused",
    )
