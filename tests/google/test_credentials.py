"""Key files of every kind, and what is said about those that are none (A2, A3)."""

import base64
import json
import warnings
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from daemon.errors import Refused
from daemon.google.credentials import SCOPE, ServiceAccount, Signer, read_key
from daemon.sandbox.google import ServiceAccountKey
from daemon.secret import Secret
from tests.google.conftest import ROBOT

USUAL = Secret("notasecret")
AUDIENCE = "https://oauth2.googleapis.com/token"


def legacy(rounds: int = 1024) -> KeySerializationEncryption:
    """Return the encryption of Google's older files."""
    return (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(rounds)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303 As in Google's own files.
        .build(b"notasecret")
    )


def modern() -> KeySerializationEncryption:
    """Return the encryption that OpenSSL 3 chooses."""
    return (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(b"notasecret")
    )


def p12(key: object, encryption: KeySerializationEncryption) -> bytes:
    return pkcs12.serialize_key_and_certificates(b"privatekey", key, None, None, encryption)  # type: ignore[arg-type]


def certificate(key: rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name, _validate=False)])
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


def opens(account: ServiceAccount, key: rsa.RSAPrivateKey) -> bool:
    """Tell whether the account holds that key."""
    held = load_pem_private_key(account.key.reveal().encode(), None)
    assert isinstance(held, rsa.RSAPrivateKey)
    return held.private_numbers() == key.private_numbers()


@pytest.mark.parametrize("encryption", [legacy(), modern()], ids=["older", "newer"])
@pytest.mark.parametrize("password", [USUAL, None], ids=["given", "usual"])
def test_a2_p12_files_open_in_older_and_newer_encryption(
    robot_key: ServiceAccountKey, encryption: KeySerializationEncryption, password: Secret | None
) -> None:
    account = read_key(p12(robot_key.private_key, encryption), password, email=ROBOT)

    assert account.email == ROBOT
    assert opens(account, robot_key.private_key)


def test_a2_a_file_as_google_makes_it_opens_and_names_the_client_id(
    robot_key: ServiceAccountKey,
) -> None:
    account = read_key(robot_key.p12, USUAL, email=ROBOT)

    assert opens(account, robot_key.private_key)
    assert account.client_id == "100000000000000000001"


def test_a_client_id_of_the_older_overlong_form_is_read(robot_key: ServiceAccountKey) -> None:
    name = "123456789012-" + "a" * 40 + ".apps.googleusercontent.com"
    key = robot_key.private_key
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pkcs12.serialize_key_and_certificates(
            None, key, certificate(key, name), None, legacy()
        )

    assert read_key(data, USUAL, email=ROBOT).client_id == name


def test_a_file_without_a_password_opens(robot_key: ServiceAccountKey) -> None:
    account = read_key(p12(robot_key.private_key, NoEncryption()), None, email=ROBOT)

    assert opens(account, robot_key.private_key)


def test_a_file_with_bytes_behind_its_end_opens_without_a_warning(
    robot_key: ServiceAccountKey,
) -> None:
    account = read_key(robot_key.p12 + b"\0\0", USUAL, email=ROBOT)

    assert opens(account, robot_key.private_key)


def test_a_password_of_ones_own_opens_its_file(robot_key: ServiceAccountKey) -> None:
    data = p12(robot_key.private_key, BestAvailableEncryption("säkert".encode()))

    assert opens(read_key(data, Secret("säkert"), email=ROBOT), robot_key.private_key)


def test_a2_a_json_key_brings_its_own_address(robot_key: ServiceAccountKey) -> None:
    account = read_key(robot_key.json_text.encode(), None, email="somebody@else.example")

    assert account.email == ROBOT
    assert account.client_id == "100000000000000000001"
    assert opens(account, robot_key.private_key)


def json_key(**fields: object) -> bytes:
    return json.dumps({"type": "service_account", **fields}).encode()


def ec_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a3_each_mistake_has_its_own_sentence(robot_key: ServiceAccountKey) -> None:
    key, good = robot_key.private_key, robot_key.p12
    cert_only = pkcs12.serialize_key_and_certificates(
        None, None, certificate(key, "1"), None, legacy()
    )
    mistakes: dict[str, tuple[bytes, Secret | None, str | None, str]] = {
        "empty": (b"", USUAL, ROBOT, "not-a-key"),
        "cut short": (good[:900], USUAL, ROBOT, "not-a-key"),
        "base64": (base64.b64encode(good), USUAL, ROBOT, "not-a-key"),
        "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, USUAL, ROBOT, "not-a-key"),
        "PEM": (b"-----BEGIN PRIVATE KEY-----\n", USUAL, ROBOT, "not-a-key"),
        "huge": (b"\0" * 2_000_000, USUAL, ROBOT, "not-a-key"),
        "wrong password": (good, Secret("wrong"), ROBOT, "wrong-password"),
        "empty password": (good, Secret(""), ROBOT, "wrong-password"),
        "unusual password": (
            p12(key, BestAvailableEncryption(b"own")),
            None,
            ROBOT,
            "wrong-password",
        ),
        "certificate only": (cert_only, USUAL, ROBOT, "no-private-key"),
        "elliptic": (
            p12(ec.generate_private_key(ec.SECP256R1()), legacy()),
            USUAL,
            ROBOT,
            "not-rsa",
        ),
        "no address": (good, USUAL, None, "no-address"),
        "cut JSON": (b'{"type": "service_acc', None, None, "not-a-key"),
        "an OAuth client": (b'{"installed": {"client_id": "1"}}', None, None, "not-a-key"),
        "JSON without key": (json_key(client_email=ROBOT), None, None, "not-a-key"),
        "JSON without address": (json_key(private_key="x"), None, None, "not-a-key"),
        "JSON with half a key": (
            json_key(client_email=ROBOT, private_key="-----BEGIN PRIVATE KEY-----\nMIIE"),
            None,
            None,
            "not-a-key",
        ),
        "JSON with another key": (
            json_key(client_email=ROBOT, private_key=ec_pem()),
            None,
            None,
            "not-rsa",
        ),
    }

    for name, (data, password, email, reason) in mistakes.items():
        with pytest.raises(Refused) as refused:
            read_key(data, password, email=email)
        assert refused.value.reason == reason, name
        assert refused.value.hint, name
        assert "\n" not in str(refused.value), name


def test_a6_a_service_account_does_not_print_its_key(account: ServiceAccount) -> None:
    assert "PRIVATE" not in repr(account)
    assert "***" in repr(account)


def test_an_assertion_says_what_google_asks_for(
    robot_key: ServiceAccountKey, account: ServiceAccount
) -> None:
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC).timestamp()

    signed = Signer(account).assertion("anna@example.com", audience=AUDIENCE, now=now)

    claims = jwt.decode(
        signed,
        robot_key.private_key.public_key(),
        algorithms=["RS256"],
        audience=AUDIENCE,
        options={"verify_iat": False, "verify_exp": False},
    )
    assert claims["iss"] == ROBOT
    assert claims["sub"] == "anna@example.com"
    assert claims["scope"] == SCOPE
    assert claims["exp"] - claims["iat"] == 3600
    assert 0 < now - claims["iat"] <= 60
