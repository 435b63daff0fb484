"""Who is calling: the JWT that Severa's pages send along."""

from datetime import timedelta
from typing import Final

import jwt

from daemon.secret import Secret

ALGORITHM: Final = "HS256"
ISSUER: Final = "severa"
AUDIENCE: Final = "severa-gcal"
LIFE_MAX: Final = timedelta(hours=1)
LEEWAY: Final = timedelta(seconds=30)
KEY_BYTES_MIN: Final = 32


class Unproven(Exception):
    """The token does not prove who is calling; why is nobody's business."""


def user_of(authorization: str, key: Secret | None) -> str:
    """Return the Severa guid that a header `Authorization: Bearer …` proves.

    Raises:
        Unproven: Anything is wrong with it.
    """
    scheme, _, token = authorization.partition(" ")
    if key is None or scheme.lower() != "bearer":
        raise Unproven
    try:
        claims = jwt.decode(
            token.strip(),
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
    if not isinstance(subject, str) or not subject:
        raise Unproven
    # PyJWT also takes numbers written as text.
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        raise Unproven
    if expires - issued > LIFE_MAX.total_seconds():
        raise Unproven
    return subject
