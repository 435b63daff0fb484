"""The service account's key: read from a P12 or JSON file, and used to sign (OAuth 2.0 for service accounts)."""

import json
import threading
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import Certificate, InvalidVersion, load_der_x509_certificate
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

from daemon.errors import Refused
from daemon.secret import Secret

SCOPE: Final = "https://www.googleapis.com/auth/calendar"
"""The one scope that delegation must grant."""
USUAL_PASSWORD: Final = Secret("notasecret")
"""What Google protects every P12 key file with."""
ASSERTION_LIFE_S: Final = 3600
BACKDATED_S: Final = 10
"""How far our clock may be ahead before Google refuses an assertion as one of the future."""

_NEW_KEY: Final = "Download the key again from the Google Cloud console."
_OTHER_FILE: Final = "Give the .p12 or .json file that Google made."
_FILE_MAX: Final = 1_000_000
_KEY_BAGS: Final = tuple(bytes.fromhex(f"060b2a864886f70d010c0a01{kind}") for kind in ("01", "02"))
"""How a key is announced in a P12 file, open and encrypted alike (PKCS #12, bag types)."""
_warnings_lock: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account with its private key as PKCS#8 PEM; `client_id` where the key file names it."""

    email: str
    key: Secret
    client_id: str = ""
    key_ends: datetime | None = None
    """When the certificate beside the key ends, and with it the key at Google; only just after reading a P12 file."""


def read_key(data: bytes, password: Secret | None, *, email: str | None) -> ServiceAccount:
    """Read a key file; the address of a JSON key stands in the file and `email` is not looked at.

    Without a password Google's usual one and none at all are tried. Takes some 40 ms of CPU.

    Raises:
        Refused: The file, the password or the address is not what is needed; says which.
    """
    if len(data) > _FILE_MAX:
        raise Refused("The file is too large to be a key file.", hint=_NEW_KEY, reason="not-a-key")
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        return _read_json(data)
    if what := _told_apart(data):
        raise Refused(what, hint=_OTHER_FILE, reason="not-a-key")
    if not email:
        raise Refused(
            "A P12 file does not hold the service account's e-mail address.",
            hint="Give the address too (….iam.gserviceaccount.com).",
            reason="no-address",
        )
    return _read_p12(data, password, email)


class Signer:
    """Signs assertions; the key is parsed once, because each parsing blocks for 40 ms."""

    def __init__(self, account: ServiceAccount) -> None:
        key = load_pem_private_key(account.key.reveal().encode("ascii"), None)
        self._signer: Any = crypt.RSASigner(key, None)
        self._issuer = account.email

    def assertion(self, subject: str, *, audience: str, now: float) -> str:
        """Return a signed claim to act as `subject`; `now` in seconds since 1970."""
        issued = int(now) - BACKDATED_S
        claims = {"iss": self._issuer, "sub": subject, "scope": SCOPE, "aud": audience}
        signed: bytes = jwt.encode(
            self._signer, {**claims, "iat": issued, "exp": issued + ASSERTION_LIFE_S}
        )
        return signed.decode("ascii")


def _told_apart(data: bytes) -> str:
    """Return what a file is that is no key file for sure, empty where it may be one."""
    if not data.strip():
        return "The file is empty."
    if data.lstrip().startswith(b"-----BEGIN"):
        return "The file is a PEM file, not a P12 file."
    if data.startswith(b"\xfe\xed\xfe\xed"):
        return "The file is not a P12 file but a Java keystore."
    if data.isascii():
        return "The file is not a P12 file but a text."
    try:
        load_der_x509_certificate(data)
    except (ValueError, InvalidVersion):
        return ""
    return "The file is not a P12 file but a certificate without its key."


def _read_json(data: bytes) -> ServiceAccount:
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        raise Refused(
            "The JSON key file is cut short or damaged.", hint=_NEW_KEY, reason="not-a-key"
        ) from None
    email, pem = fields.get("client_email"), fields.get("private_key")
    if not (isinstance(email, str) and email and isinstance(pem, str) and pem):
        raise Refused(
            "The JSON file is no service account key: client_email or private_key is missing.",
            hint="Make a key of the service account itself, not of an OAuth client.",
            reason="not-a-key",
        )
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused(
            "The private key in the JSON file cannot be read.", hint=_NEW_KEY, reason="not-a-key"
        ) from None
    client_id = fields.get("client_id")
    return _account(email, key, client_id if isinstance(client_id, str) else "")


def _read_p12(data: bytes, password: Secret | None, email: str) -> ServiceAccount:
    if sum(data.count(bag) for bag in _KEY_BAGS) > 1:
        # The parser would take the first and say nothing.
        raise Refused("The P12 file holds several keys.", hint=_OTHER_FILE, reason="several-keys")
    tried = [password] if password else [USUAL_PASSWORD, Secret("")]
    for candidate in tried:
        try:
            key, certificate = _opened(data, candidate)
        except ValueError as error:
            if "password" in str(error).lower():
                continue
            raise Refused(
                "The file is not a P12 file, or is cut short.", hint=_NEW_KEY, reason="not-a-key"
            ) from None
        except Exception as error:
            # The parser is known to raise ValueError only; a new release must not show a traceback.
            raise Refused(
                f"The P12 file cannot be read here ({type(error).__name__}).",
                hint=_NEW_KEY,
                reason="not-a-key",
            ) from None
        return _account(email, key, _name_of(certificate), _end_of(certificate))
    raise Refused(
        "The password does not open the P12 file.",
        hint="Google's own is notasecret; a hardened machine may also forbid old ciphers.",
        reason="wrong-password",
    )


def _opened(data: bytes, password: Secret) -> tuple[object, Certificate | None]:
    """Decrypt the file; changing the warning filters is not safe between threads, hence the lock."""
    with _warnings_lock, warnings.catch_warnings():
        # Java's and Bouncy Castle's BER encoding loads, with a warning that helps nobody here.
        warnings.simplefilter("ignore")
        secret = password.reveal().encode() or None
        key, certificate, _ = pkcs12.load_key_and_certificates(data, secret)
    return key, certificate


def _account(
    email: str, key: object, client_id: str, ends: datetime | None = None
) -> ServiceAccount:
    if key is None:
        raise Refused("The file holds no private key.", hint=_NEW_KEY, reason="no-private-key")
    if not isinstance(key, RSAPrivateKey):
        raise Refused(
            "The key is not an RSA key, as the keys of service accounts are.",
            hint=_NEW_KEY,
            reason="not-rsa",
        )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ServiceAccount(email.strip(), Secret(pem.decode("ascii")), client_id, ends)


def _name_of(certificate: Certificate | None) -> str:
    """Return the client id, which Google writes as the common name; other makers write anything."""
    if certificate is None:
        return ""
    with _warnings_lock, warnings.catch_warnings():
        # Google's older ids are longer than the standard allows a common name to be.
        warnings.simplefilter("ignore")
        try:
            names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        except ValueError:
            return ""
    name = str(names[0].value) if names else ""
    return name if name[:1].isdigit() else ""


def _end_of(certificate: Certificate | None) -> datetime | None:
    try:
        return certificate.not_valid_after_utc if certificate else None
    except ValueError:
        return None
