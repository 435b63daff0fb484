"""Key files as OpenSSL, Java and Google make them, and what is said of those that are none (A2, A3)."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from daemon.errors import Refused
from daemon.google.credentials import ServiceAccount, read_key
from daemon.sandbox.google import ServiceAccountKey
from daemon.secret import Secret
from tests.google.conftest import ROBOT

FILES = Path(__file__).with_name("keys")
GOOD = (
    "openssl-legacy", "rc2-key", "rc4", "3des", "aes-128", "openssl-3",
    "no-mac", "certificate-open", "nothing-encrypted", "java", "java-legacy",
)  # fmt: skip
USUAL = Secret("notasecret")


def file(name: str) -> bytes:
    return (FILES / name).read_bytes()


def modulus(account: ServiceAccount) -> int:
    key = load_pem_private_key(account.key.reveal().encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key.public_key().public_numbers().n


@pytest.mark.parametrize("name", GOOD)
def test_a2_whoever_wrote_a_p12_file_and_however_it_opens(name: str) -> None:
    account = read_key(file(f"{name}.p12"), None, email=ROBOT)

    assert (account.email, account.client_id) == (ROBOT, "100000000000000000009")
    assert modulus(account) == modulus(read_key(file("openssl-3.p12"), USUAL, email=ROBOT))
    assert account.key_ends is not None
    assert account.key_ends.year > 2040


def test_a2_a_file_without_definite_lengths_opens() -> None:
    # Bouncy Castle writes the outermost length as "until the end"; the header of these files has four bytes.
    data = file("openssl-3.p12")
    assert data[:2] == b"\x30\x82"

    account = read_key(b"\x30\x80" + data[4:] + b"\0\0", None, email=ROBOT)

    assert account.client_id == "100000000000000000009"


@pytest.mark.parametrize(
    "name", [name for name in GOOD if name not in ("no-mac", "nothing-encrypted")]
)
def test_a3_a_wrong_password_is_told(name: str) -> None:
    with pytest.raises(Refused) as refused:
        read_key(file(f"{name}.p12"), Secret("swordfish"), email=ROBOT)

    assert refused.value.reason == "wrong-password"


GOOGLES = file("openssl-legacy.p12")
MISTAKES: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", "not-a-key", "The file is empty."),
    "a line end": (b"\r\n", "not-a-key", "The file is empty."),
    "a text": (b"notasecret", "not-a-key", "but a text"),
    "base64": (b"MIIJsAIBAzCCCWoGCSqGSIb3DQEHAaCCCVsEgglX", "not-a-key", "but a text"),
    "PEM": (b"-----BEGIN PRIVATE KEY-----\n", "not-a-key", "PEM file"),
    "a Java keystore": (file("java.jks"), "not-a-key", "Java keystore"),
    "a certificate": (file("certificate.cer"), "not-a-key", "certificate without its key"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "not-a-key", "not a P12 file"),
    "a half": (GOOGLES[:1000], "not-a-key", "cut short"),
    "too much": (GOOGLES + b"\0" * 1_000_000, "not-a-key", "too large"),
    "no key in it": (file("no-key.p12"), "no-private-key", "no private key"),
    "two keys": (file("two-keys.p12"), "several-keys", "several keys"),
    "two keys, older": (file("two-keys-legacy.p12"), "several-keys", "several keys"),
    "JSON that is cut": (b'{"type": "service_account', "not-a-key", "cut short or damaged"),
    "JSON without an end": (b'{"a":' * 100_000, "not-a-key", "cut short or damaged"),
    "JSON of a person": (b'{"type": "authorized_user", "client_id": "1"}', "not-a-key", "no service account key"),
    "JSON with a text for a key": (
        b'{"client_email": "a@b.c", "private_key": "x"}', "not-a-key", "private key in the JSON file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a3_each_file_that_is_none_has_its_own_sentence(name: str) -> None:
    data, reason, said = MISTAKES[name]

    with pytest.raises(Refused) as refused:
        read_key(data, None, email=ROBOT)

    assert refused.value.reason == reason
    assert said in str(refused.value)
    assert refused.value.hint
    assert "\n" not in str(refused.value)


def test_a2_a_json_key_that_an_editor_of_windows_saved_is_read(
    robot_key: ServiceAccountKey,
) -> None:
    fields = json.loads(robot_key.json_text)
    text = json.dumps(fields, indent=1).replace("\n", "\r\n")

    account = read_key(b"\xef\xbb\xbf" + text.encode(), None, email=None)

    assert account.email == ROBOT
    assert account.key_ends is None
