"""Who is calling: the JWT that Severa's pages send along, or a token that only triggers."""

from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from daemon.secret import Secret

ALGORITHM: Final = "HS256"
ISSUER: Final = "severa"
AUDIENCE: Final = "severa-gcal"
LIFE_MAX: Final = timedelta(hours=1)
LEEWAY: Final = timedelta(seconds=30)
SECONDS_MAX: Final = 1e12
"""No time of a proof is further from 1970 than this."""
OPTIONS: Final[Any] = {
    "require": ["iss", "aud", "sub", "iat", "exp"],
    # PyJWT asks the machine's clock, and also takes numbers that are written as text.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
SUBJECT_LENGTH_MAX: Final = 100
TRIGGER_PREFIX: Final = "sgt_"
"""How the tokens begin that only trigger, so that they are known for what they are where they turn up."""


class Unproven(Exception):
    """The token does not prove who is calling; why is nobody's business."""


def user_of(authorization: str, key: Secret | None, now: datetime) -> str:
    """Return the Severa guid that a header `Authorization: Bearer …` proves at this instant.

    Raises:
        Unproven: Anything is wrong with it.
    """
    token = bearer_in(authorization)
    if key is None or token is None:
        raise Unproven
    try:
        claims = jwt.decode(
            token.reveal(),
            key.reveal(),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options=OPTIONS,
        )
    except (jwt.PyJWTError, ValueError, OverflowError, RecursionError):
        # PyJWT lets some of what its JSON parser stumbles over through as it is.
        raise Unproven from None
    subject = claims["sub"]
    if not isinstance(subject, str) or not _is_guid(subject):
        raise Unproven
    if not _is_good_at(now.timestamp(), claims["iat"], claims["exp"], claims.get("nbf", 0)):
        raise Unproven
    return subject


def _is_good_at(now: float, issued: object, expires: object, begins: object) -> bool:
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        return False
    if not isinstance(begins, int | float):
        return False
    if max(abs(issued), abs(expires), abs(begins)) > SECONDS_MAX:
        return False  # Too long a number to calculate with.
    leeway = LEEWAY.total_seconds()
    # Said so that what is no number at all (NaN) fails each of them.
    return (
        0 < expires - issued <= LIFE_MAX.total_seconds()
        and now < expires + leeway
        and issued <= now + leeway
        and begins <= now + leeway
    )


def bearer_in(authorization: str) -> Secret | None:
    """Return what follows the word in a header `Authorization: Bearer …`, `None` for any other scheme."""
    scheme, _, token = authorization.partition(" ")
    return Secret(token.strip()) if scheme.lower() == "bearer" else None


def _is_guid(text: str) -> bool:
    # Whatever else Severa calls a guid, it is short and plain, and fits the database.
    return 0 < len(text) <= SUBJECT_LENGTH_MAX and text.isascii() and text.isprintable()
