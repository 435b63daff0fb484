"""The configuration file: what it may say, and how everything wrong in it is told at once."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from daemon.config import NOT_USED_YET, Config, load
from daemon.errors import Misused
from daemon.forms import TcpAddress, UnixAddress

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
DAEMON = EXAMPLE.parent / "daemon"
LEAST = '[severa]\nclient_id = "acme"\nclient_secret_file = "secret"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def with_key(section: str, line: str) -> str:
    return LEAST + line if section == "severa" else f"{LEAST}[{section}]\n{line}"


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(Misused) as caught:
        load(written(folder, text))
    message = str(caught.value)
    assert "\n" not in message
    return message


def keys() -> list[tuple[str, str]]:
    found = []
    for section, field in Config.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        found += [(section, key) for key in model.model_fields]
    return found


def test_the_least_configuration_names_severas_credentials(tmp_path: Path) -> None:
    config = load(written(tmp_path, LEAST))

    assert config.severa.base_url == "https://api.severa.visma.com/rest-api"
    assert config.severa.requests_per_second == 8
    assert config.google.requests_per_minute_per_user == 540
    assert config.web.listen == TcpAddress("127.0.0.1", 8080)
    assert config.store.database == Path("/var/lib/severa-gcal/severa-gcal.db")
    assert config.store.encryption_key_file == Path("/var/lib/severa-gcal/encryption.key")
    assert config.sync.poll_interval == timedelta(seconds=30)
    assert config.sync.presence_ttl == timedelta(hours=12)
    assert config.sync.require_login


def test_the_example_loads_and_its_values_are_the_defaults(tmp_path: Path) -> None:
    example, least = load(EXAMPLE), load(written(tmp_path, LEAST))

    own = {"client_id": "acme", "client_secret_file": tmp_path / "secret"}
    for section in Config.model_fields:
        shown = getattr(example, section)
        expected = getattr(least, section)
        assert (shown.model_copy(update=own) if section == "severa" else shown) == expected


def test_the_example_loads_with_all_that_it_shows(tmp_path: Path) -> None:
    text = re.sub(r"^#(?=\w+ = )", "", EXAMPLE.read_text(), flags=re.MULTILINE)

    config = load(written(tmp_path, text))

    assert config.web.public_url == "https://calendar-sync.example.com"
    assert config.web.severa_signing_key_file == tmp_path / "severa-signing-key"


@pytest.mark.parametrize(("section", "key"), keys())
def test_every_key_is_in_the_example_with_a_sentence(section: str, key: str) -> None:
    table = EXAMPLE.read_text().split(f"[{section}]\n")[1].split("\n[")[0]
    lines = table.splitlines()

    (place,) = (at for at, line in enumerate(lines) if re.match(rf"#?{key} = ", line))
    assert lines[place - 1].startswith("# ")
    assert lines[place - 1].endswith(".")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45", 45),
        ("1.5", 1.5),
        ('"30s"', 30),
        ('"5m"', 300),
        ('"12h"', 43_200),
        ('"30d"', 2_592_000),
    ],
)
def test_a_duration_is_seconds_or_has_a_unit(tmp_path: Path, text: str, seconds: float) -> None:
    config = load(written(tmp_path, with_key("sync", f"poll_interval = {text}")))

    assert config.sync.poll_interval == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0:80", TcpAddress("0.0.0.0", 80)),  # noqa: S104
        ("localhost:8080", TcpAddress("localhost", 8080)),
        ("[::1]:8080", TcpAddress("::1", 8080)),
        ("unix:/run/severa-gcal/web.sock", UnixAddress(Path("/run/severa-gcal/web.sock"))),
    ],
)
def test_the_daemon_listens_on_a_port_or_a_socket(
    tmp_path: Path, text: str, address: TcpAddress | UnixAddress
) -> None:
    config = load(written(tmp_path, with_key("web", f'listen = "{text}"')))

    assert config.web.listen == address


def test_lists_and_addresses_are_read_in_one_spelling(tmp_path: Path) -> None:
    text = f"""{LEAST}
        [google]
        api_root = "http://127.0.0.1:9001/"
        domains = ["Example.com"]
        skip_event_types = ["workingLocation"]
        [web]
        admins = ["Anna@Example.com"]
        allowed_origins = ["https://severa.example.com"]
    """

    config = load(written(tmp_path, text))

    assert config.google.api_root == "http://127.0.0.1:9001"
    assert config.google.domains == ("example.com",)
    assert config.google.skip_event_types == ("workingLocation",)
    assert config.web.admins == ("anna@example.com",)
    assert config.web.allowed_origins == ("https://severa.example.com",)


BAD = [
    ("severa", 'base_url = "https://api.severa.visma.com"', "/rest-api"),
    ("severa", 'base_url = "ftp://example.com/rest-api"', "/rest-api"),
    ("severa", 'base_url = "https://example.com:99999/rest-api"', "/rest-api"),
    ("severa", "requests_per_second = 0", "above 0"),
    ("severa", "requests_per_second = inf", "above 0"),
    ("severa", 'requests_per_second = "8"', "above 0"),
    ("severa", 'default_type = "mine"', '"company" or "user"'),
    ("severa", 'series = "both"', '"native" or "expanded"'),
    ("google", 'api_root = "https://www.googleapis.com/calendar"', "without a path"),
    ("google", 'token_uri = "oauth2.googleapis.com/token"', "https://"),
    ("google", 'auth_uri = ""', "https://"),
    ("google", 'domains = "example.com"', '["example.com"]'),
    ("google", 'domains = ["anna@example.com"]', '["example.com"]'),
    ("google", "send_updates = true", '"externalOnly"'),
    ("google", 'declined = "drop"', '"keep" or "remove"'),
    ("google", 'skip_event_types = ["meeting"]', '"workingLocation"'),
    ("google", "requests_per_minute = 0", "from 1"),
    ("google", "requests_per_minute_per_user = 5.5", "from 1"),
    ("google", "requests_per_day = true", "from 1"),
    ("google", "signin_client_id = 5", "a text"),
    ("web", 'listen = "8080"', "host:port or unix:/path"),
    ("web", 'listen = "127.0.0.1:70000"', "host:port or unix:/path"),
    ("web", 'listen = "unix:web.sock"', "host:port or unix:/path"),
    ("web", "listen = 8080", "host:port or unix:/path"),
    ("web", 'public_url = "example.com"', "https://example.com"),
    ("web", 'public_url = "http://calendar.example.com"', "https://example.com"),
    ("web", 'admins = ["anna"]', "anna@example.com"),
    ("web", 'allowed_origins = ["https://example.com/path"]', "https://severa.example.com"),
    ("store", 'url = "sqlite:///relative.db"', "sqlite:////absolute/path"),
    ("store", 'url = "mysql://example.com/db"', "sqlite:////absolute/path"),
    ("store", "history_days = 0", "from 1 to 3650"),
    ("sync", "poll_interval = 0.5", '"30s"'),
    ("sync", 'poll_interval = "30 s"', '"30s"'),
    ("sync", "poll_interval = nan", '"30s"'),
    ("sync", "presence_ttl = false", '"12h"'),
    ("sync", 'presence_ttl = "999999999d"', '"12h"'),
    ("sync", 'initial_days = "30d"', "from 1 to 3650"),
    ("sync", 'require_login = "no"', "true or false"),
    ("sync", "require_login = 0", "true or false"),
    ("sync", "expand_days = -1", "from 1 to 3650"),
    ("sync", 'conflict_winner = "newest"', '"severa" or "google"'),
    ("log", 'level = "INFO"', '"info"'),
    ("log", 'format = "text"', '"console"'),
]


@pytest.mark.parametrize(("section", "line", "may_be"), BAD)
def test_a_bad_value_is_named_with_what_it_was_and_may_be(
    tmp_path: Path, section: str, line: str, may_be: str
) -> None:
    key, value = line.split(" = ")

    message = complaint(tmp_path, with_key(section, line))

    was = {"inf": "Infinity", "nan": "NaN"}.get(value, value.strip("[]"))
    assert f"{section}.{key} is {was}; it may be " in message
    assert may_be in message
    assert message.count("; it may be") == 1


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = """
        colour = "red"
        [severa]
        client_id = ""
        [sync]
        poll_intervall = 30
        conflict_winner = "newest"
        [store]
        url = "here"
        [googel]
    """

    message = complaint(tmp_path, text)

    told = message.removesuffix(".").split(".toml: ")[1].split("; ")
    assert {part.split(" ")[0] for part in told if " is " in part} == {
        "severa.client_id",
        "severa.client_secret_file",
        "store.url",
        "sync.conflict_winner",
        "sync.poll_intervall",
        "colour",
        "googel",
    }
    assert "sync.poll_intervall is unknown; it may be poll_interval" in message
    assert "googel is unknown; it may be google" in message
    assert "severa.client_secret_file is missing" in message


def test_without_a_severa_table_its_keys_are_missing(tmp_path: Path) -> None:
    message = complaint(tmp_path, "")

    assert "severa.client_id is missing" in message


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    message = complaint(tmp_path, 'log = "info"\n[[severa]]\nclient_secret = "swordfish"\n')

    assert "severa is no table; write it as [severa]" in message
    assert "log is no table" in message
    assert "swordfish" not in message


def test_postgresql_is_told_to_be_missing_without_its_password(tmp_path: Path) -> None:
    line = 'url = "postgresql://sync:swordfish@db.example.com/sync"'

    message = complaint(tmp_path, with_key("store", line))

    assert "not available yet; use sqlite:////absolute/path" in message
    assert "swordfish" not in message


INLINE = [
    ("severa", 'client_secret = "swordfish"', "give severa.client_secret_file"),
    ("google", 'signin_client_secret = "swordfish"', "give google.signin_client_secret_file"),
    ("web", 'severa_signing_key = "swordfish"', "give web.severa_signing_key_file"),
    ("store", 'encryption_key = "swordfish"', "give store.encryption_key_file"),
    ("google", 'password = "swordfish"', "a secret may not stand here"),
    ("web", 'admin = "swordfish"', "it may be admins"),
    ("google", 'signin_client_secret_file = "--\\nswordfish\\n"', "the path of a file"),
    ("web", 'public_url = "https://anna:swordfish@example.com"', "https://***@example.com"),
    ("store", 'url = "mysql://sync:sword/fish@db.example.com"', "mysql://***@db.example.com"),
]


@pytest.mark.parametrize(("section", "line", "says"), INLINE)
def test_a_secret_that_stands_in_the_file_is_refused_and_not_repeated(
    tmp_path: Path, section: str, line: str, says: str
) -> None:
    message = complaint(tmp_path, with_key(section, line))

    assert says in message
    assert "fish" not in message


def test_a_secret_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    config = load(written(tmp_path, LEAST))
    for text, secret in (("open sesame\n", "open sesame"), ("a\r\n", "a"), (" b \n\n", " b \n")):
        (tmp_path / "secret").write_bytes(text.encode())

        assert config.severa.client_secret().reveal() == secret
    assert "secret" in repr(config)
    assert "sesame" not in repr(config)


def test_a_secret_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    config = load(written(tmp_path, LEAST))

    with pytest.raises(Misused, match=r"severa\.client_secret_file is not there"):
        config.severa.client_secret()
    (tmp_path / "secret").write_bytes(b"\n")
    with pytest.raises(Misused, match="is empty"):
        config.severa.client_secret()
    (tmp_path / "secret").write_bytes(b"\xff")
    with pytest.raises(Misused, match="not UTF-8"):
        config.severa.client_secret()
    (tmp_path / "secret").unlink()
    (tmp_path / "secret").mkdir()
    with pytest.raises(Misused, match="cannot be read"):
        config.severa.client_secret()


@pytest.mark.parametrize("spelt", ["${CREDENTIALS_DIRECTORY}", "$CREDENTIALS_DIRECTORY"])
def test_a_secret_may_be_a_systemd_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelt: str
) -> None:
    text = LEAST.replace('"secret"', f'"{spelt}/severa-client-secret"')
    config = load(written(tmp_path, f'{text}[store]\nencryption_key_file = "{spelt}/key"'))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    with pytest.raises(Misused, match="credential severa-client-secret, which only the service"):
        config.severa.client_secret()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(Misused, match="add LoadCredential=severa-client-secret:FILE"):
        config.severa.client_secret()
    with pytest.raises(Misused, match="encryption_key_file names the systemd credential key"):
        config.store.encryption_key_path()
    for name in ("severa-client-secret", "key"):
        (tmp_path / name).write_text("open sesame\n")
    assert config.severa.client_secret().reveal() == "open sesame"
    assert config.store.encryption_key_path() == tmp_path / "key"
    assert config.warnings() == ()


@pytest.mark.parametrize(
    "path",
    [
        "${CREDENTIAL_DIRECTORY}/x",
        "$HOME/x",
        "${CREDENTIALS_DIRECTORY}",
        "$CREDENTIALS_DIRECTORY/../x",
    ],
)
def test_another_variable_or_a_wrong_name_of_a_credential_is_told(
    tmp_path: Path, path: str
) -> None:
    message = complaint(tmp_path, LEAST.replace('"secret"', f'"{path}"'))

    assert "severa.client_secret_file is no path" in message
    assert "or ${CREDENTIALS_DIRECTORY}/NAME" in message


def test_secrets_that_are_not_set_are_none(tmp_path: Path) -> None:
    config = load(written(tmp_path, LEAST))

    assert config.google.signin_client_secret() is None
    assert config.web.severa_signing_key() is None


def test_a_signing_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    config = load(written(tmp_path, with_key("web", 'severa_signing_key_file = "signing"')))
    (tmp_path / "signing").write_text("x" * 31 + "\n")

    with pytest.raises(Misused, match="32 bytes"):
        config.web.severa_signing_key()

    (tmp_path / "signing").write_text("x" * 32 + "\n")
    key = config.web.severa_signing_key()
    assert key is not None
    assert key.reveal() == "x" * 32


def test_secret_files_that_others_can_read_are_warned_of(tmp_path: Path) -> None:
    config = load(written(tmp_path, LEAST))
    assert config.warnings() == ()
    (tmp_path / "secret").write_text("open sesame")
    (tmp_path / "secret").chmod(0o640)
    assert config.warnings() == ()

    (tmp_path / "secret").chmod(0o644)

    (warning,) = config.warnings()
    assert "severa.client_secret_file" in warning


@pytest.mark.parametrize(("section", "key"), keys())
def test_a_key_is_read_somewhere_or_said_not_to_be_used_yet(section: str, key: str) -> None:
    """So that nobody relies on what does nothing, nor is warned of what does something."""
    read = rf"\bconfig\.{section}\.({key}|{key.removesuffix('_file')}(_path)?\(\))"
    sources = [*(DAEMON / "runtime").rglob("*.py"), *(DAEMON / "cli").rglob("*.py")]
    is_read = any(re.search(read, path.read_text(encoding="utf-8")) for path in sources)
    line = next(line for line in EXAMPLE.read_text().splitlines() if re.match(rf"#?{key} = ", line))
    sentence = EXAMPLE.read_text().split(line)[0].split("\n\n")[-1].split(" = ")[-1]

    assert is_read != (f"{section}.{key}" in NOT_USED_YET)
    assert is_read != ("not used yet" in sentence.lower())


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("severa", 'series = "expanded"'),
        ("google", 'send_updates = "all"'),
        ("google", 'auth_uri = "https://accounts.example.com/auth"'),
        ("google", 'signin_client_id = "web"'),
        ("google", 'signin_client_secret_file = "web-secret"'),
        ("sync", "expand_days = 90"),
    ],
)
def test_what_is_set_and_not_used_yet_is_warned_of(tmp_path: Path, section: str, line: str) -> None:
    key = f"{section}.{line.split()[0]}"
    default = load(written(tmp_path, LEAST))

    config = load(written(tmp_path, with_key(section, line)))

    assert key in NOT_USED_YET
    assert default.warnings() == ()
    (warning,) = config.warnings()
    assert warning.startswith(f"{key} is set, but it is not used yet")
    assert line.split(" = ")[1].strip('"[]') not in warning


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    path = written(tmp_path / "etc", with_key("store", 'encryption_key_file = "/run/key"'))
    monkeypatch.chdir(tmp_path)

    config = load(path.relative_to(tmp_path))

    assert config.severa.client_secret_file == tmp_path / "etc" / "secret"
    assert config.store.encryption_key_file == Path("/run/key")


def test_the_encryption_key_is_beside_the_database_unless_told(tmp_path: Path) -> None:
    config = load(written(tmp_path, with_key("store", 'url = "sqlite:////srv/sync/state.db"')))

    assert config.store.encryption_key_file == Path("/srv/sync/encryption.key")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="cannot be read: No such file"):
        load(tmp_path / "config.toml")
    with pytest.raises(Misused, match="cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "config.toml").write_bytes(b"\xff")
    with pytest.raises(Misused, match="not UTF-8"):
        load(tmp_path / "config.toml")


def test_a_mistake_in_the_toml_is_told_with_its_line(tmp_path: Path) -> None:
    assert "line 4" in complaint(tmp_path, LEAST + "requests_per_second = \n")


def test_the_configuration_does_not_change(tmp_path: Path) -> None:
    config = load(written(tmp_path, LEAST))

    with pytest.raises(ValidationError):
        config.sync.initial_days = 5
