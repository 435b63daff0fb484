"""Key files of a service account in the two forms that Google issues: P12 and JSON."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSWORD = b"notasecret"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 An address.


class ServiceAccountKey(NamedTuple):
    """One key and the two files that carry it; the P12's password is ``notasecret``."""

    private_key: rsa.RSAPrivateKey
    p12: bytes
    json_text: str


def make_service_account_key(
    email: str, *, token_uri: str = TOKEN_URI, client_id: str = ""
) -> ServiceAccountKey:
    """Make a new RSA-2048 key for a service account; its numeric client id is made up if empty."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    number = client_id or str(10**20 + secrets.randbelow(10**20))
    text = _json_text(private, email, number, token_uri)
    return ServiceAccountKey(private, _p12(private, number), text)


def _p12(private: rsa.RSAPrivateKey, client_id: str) -> bytes:
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1024)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303 Google's own files carry a SHA-1 MAC.
        .build(PASSWORD)
    )
    certificate = _certificate(private, client_id)
    return pkcs12.serialize_key_and_certificates(
        b"privatekey", private, certificate, None, encryption
    )


def _certificate(private: rsa.RSAPrivateKey, client_id: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, client_id)])
    now = datetime.now(UTC)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(private, hashes.SHA256())
    )


def _json_text(private: rsa.RSAPrivateKey, email: str, client_id: str, token_uri: str) -> str:
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    name, _, rest = email.partition("@")
    project = rest.split(".", 1)[0] or name
    certificates = "https://www.googleapis.com/robot/v1/metadata/x509/"
    fields = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": secrets.token_hex(20),
        "private_key": pem.decode(),
        "client_email": email,
        "client_id": client_id,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": certificates + email.replace("@", "%40"),
        "universe_domain": "googleapis.com",
    }
    return json.dumps(fields, indent=2) + "\n"
