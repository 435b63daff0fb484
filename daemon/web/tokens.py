"""Who is calling: the JWT that Severa's pages send along, or a token that only triggers."""

from datetime import timedelta
from typing import Final

import jwt

from daemon.secret import Secret

ALGORITHM: Final = "HS256"
ISSUER: Final = "severa"
AUDIENCE: Final = "severa-gcal"
LIFE_MAX: Final = timedelta(hours=1)
LEEWAY: Final = timedelta(seconds=30)
SUBJECT_LENGTH_MAX: Final = 100
TRIGGER_PREFIX: Final = "sgt_"
"""How the tokens begin that only trigger, so that they are known for what they are where they turn up."""


class Unproven(Exception):
    """The token does not prove who is calling; why is nobody's business."""


def user_of(authorization: str, key: Secret | None) -> str:
    """Return the Severa guid that a header `Authorization: Bearer …` proves.

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
            leeway=LEEWAY,
            options={"require": ["iss", "aud", "sub", "iat", "exp"]},
        )
    except (jwt.PyJWTError, ValueError, OverflowError, RecursionError):
        # PyJWT lets some of what its JSON parser stumbles over through as it is.
        raise Unproven from None
    subject, issued, expires = claims["sub"], claims["iat"], claims["exp"]
    if not isinstance(subject, str) or not _is_guid(subject):
        raise Unproven
    # PyJWT also takes numbers written as text.
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        raise Unproven
    if not 0 < expires - issued <= LIFE_MAX.total_seconds():
        raise Unproven
    return subject


def bearer_in(authorization: str) -> Secret | None:
    """Return what follows the word in a header `Authorization: Bearer …`, `None` for any other scheme."""
    scheme, _, token = authorization.partition(" ")
    return Secret(token.strip()) if scheme.lower() == "bearer" else None


def _is_guid(text: str) -> bool:
    # Whatever else Severa calls a guid, it is short and plain, and fits the database.
    return 0 < len(text) <= SUBJECT_LENGTH_MAX and text.isascii() and text.isprintable()
