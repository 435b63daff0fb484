"""The examples of a proxy, run as they stand: TLS before a daemon that is what it should get, and what it must not."""

import asyncio
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from tests.systemd.units import FOLDER

NAME = "calendar-sync.example.com"
PATIENCE_SECONDS = 15.0
OPERATORS = ("/healthz", "/readyz", "/metrics")
GOOGLES = {
    "X-Goog-Channel-ID": "channel",
    "X-Goog-Channel-Token": "token",
    "X-Goog-Resource-ID": "resource",
    "X-Goog-Resource-State": "exists",
    "X-Goog-Message-Number": "7",
}


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@dataclass
class Behind:
    """What the daemon's place was called with."""

    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        await request.read()
        # Their case means nothing, and Caddy changes it.
        self.calls.append((request.path, lowered(dict(request.headers))))
        return web.Response(status=204)


@dataclass
class Proxy:
    """Where a proxy listens, and what stands behind it."""

    port: int
    context: ssl.SSLContext
    behind: Behind

    async def call(self, method: str, path: str, **more: object) -> int:
        return await self.call_at(method, URL(f"https://{NAME}:{self.port}{path}"), **more)

    async def call_at(self, method: str, url: URL, **more: object) -> int:
        connector = aiohttp.TCPConnector(ssl=self.context, resolver=Here())
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, url, **more) as response,  # type: ignore[arg-type]
        ):
            return response.status


class Here(aiohttp.abc.AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: int = 0
    ) -> list[aiohttp.abc.ResolveResult]:  # type: ignore[override]
        return [
            {
                "hostname": host,
                "host": "127.0.0.1",
                "port": port,
                "family": 2,
                "proto": 0,
                "flags": 0,
            }
        ]  # type: ignore[list-item]

    async def close(self) -> None:
        pass


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for the example's name that these tests alone trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


def nginx(folder: Path, port: int, upstream: int, chain: Path, private: Path) -> list[str]:
    """Write the example with this test's ports and certificate, and return what runs it."""
    text = (FOLDER / "proxy" / "nginx.conf").read_text()
    for old, new in (
        ("127.0.0.1:8080", f"127.0.0.1:{upstream}"),
        ("listen 80;", f"listen 127.0.0.1:{unused_port()};"),
        ("listen [::]:80;", ""),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("listen [::]:443 ssl;", ""),
        ("/etc/ssl/severa-gcal/fullchain.pem", str(chain)),
        ("/etc/ssl/severa-gcal/privkey.pem", str(private)),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary} include {folder}/site.conf; }}\n"
    )
    return [
        "nginx",
        "-p",
        str(folder),
        "-e",
        str(folder / "error.log"),
        "-c",
        str(folder / "nginx.conf"),
    ]


def caddy(folder: Path, port: int, upstream: int, chain: Path, private: Path) -> list[str]:
    """Likewise; Caddy is given a certificate, as it can get none here."""
    text = (FOLDER / "proxy" / "Caddyfile").read_text()
    for old, new in (
        ("127.0.0.1:8080", f"127.0.0.1:{upstream}"),
        (f"{NAME} {{", f"https://{NAME}:{port} {{\n\ttls {chain} {private}\n\tbind 127.0.0.1\n"),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


Made = Callable[[Path, int, int, Path, Path], list[str]]


@asynccontextmanager
async def running(command: list[str], folder: Path, port: int) -> AsyncIterator[None]:
    environ = {
        "HOME": str(folder),
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }
    log = (folder / "log").open("wb")
    process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                said = (folder / "log").read_text()[-2000:]
                assert time.monotonic() < deadline, said
                assert process.returncode is None, said
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        yield
    finally:
        process.terminate()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await process.wait()
        log.close()


@pytest.fixture(params=[nginx, caddy], ids=lambda made: made.__name__)
async def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Proxy]:
    made: Made = request.param
    name = made.__name__
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name} here (apt-get install {name})")
    behind = Behind()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", behind.take)
    server = TestServer(app)
    await server.start_server()
    chain, private = certificate(tmp_path)
    port = unused_port()
    assert server.port is not None
    command = made(tmp_path, port, server.port, chain, private)
    try:
        async with running(command, tmp_path, port):
            yield Proxy(port, ssl.create_default_context(cafile=str(chain)), behind)
    finally:
        await server.close()


async def test_a_push_arrives_with_all_its_headers(proxy: Proxy) -> None:
    status = await proxy.call("POST", "/v1/google/notifications", headers=GOOGLES)

    ((path, headers),) = proxy.behind.calls
    assert (status, path) == (204, "/v1/google/notifications")
    assert lowered(GOOGLES).items() <= headers.items()


async def test_severas_pages_get_through_with_their_token(proxy: Proxy) -> None:
    given = {"Authorization": "Bearer token", "Origin": "https://severa.example.com"}

    status = await proxy.call("POST", "/v1/severa/navigation", headers=given, json={"section": "x"})

    ((_, headers),) = proxy.behind.calls
    assert status == 204
    assert lowered(given).items() <= headers.items()
    assert headers["host"].split(":")[0] == NAME


async def test_what_is_the_operators_is_not_seen_from_outside(proxy: Proxy) -> None:
    for path in OPERATORS:
        assert await proxy.call("GET", path) == 404
        assert await proxy.call("GET", f"{path}?x=1") == 404

    assert proxy.behind.calls == []


@pytest.mark.parametrize(
    "path", ["/%6detrics", "//metrics", "/./metrics", "/x/../metrics", "/METRICS"]
)
async def test_no_other_spelling_gets_to_what_is_the_operators(proxy: Proxy, path: str) -> None:
    url = URL(f"https://{NAME}:{proxy.port}{path}", encoded=True)

    await proxy.call_at("GET", url)

    assert not {path for path, _ in proxy.behind.calls} & set(OPERATORS)


async def test_a_body_that_is_too_large_does_not_arrive(proxy: Proxy) -> None:
    status = await proxy.call("POST", "/v1/google/notifications", data=b"x" * 66_000)

    assert status in (413, 502)
    assert proxy.behind.calls == []
