"""`severa-gcal sandbox`: only the sandbox Severa and Google, for trying things against."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from daemon.errors import SyncError


@click.command()
@click.option(
    "--google-port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of the Google (default: a free one).",
)
@click.option(
    "--severa-port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of the Severa (default: a free one).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("sandbox"),
    show_default=True,
    help="Where the key file, the client secret and the state are put.",
)
def sandbox(google_port: int, severa_port: int, out: Path) -> None:
    """Run a Severa and a Google of our own on this machine, with example people, until Ctrl-C."""
    try:
        asyncio.run(_serve(google_port, severa_port, out))
    except OSError as error:
        raise SyncError(f"The sandbox cannot start: {error.strerror or error}.") from None


async def _serve(google_port: int, severa_port: int, out: Path) -> None:
    from daemon.sandbox.people import furnish
    from daemon.sandbox.server import Sandbox

    out.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - Before anything is served.
    world = Sandbox(state_file=out / "state.json")
    today = datetime.now(UTC).date()
    company = furnish(world, monday=today - timedelta(days=today.weekday()))
    for name, content in {
        "service-account.p12": company.key,
        "client-secret": company.client_secret.encode(),
    }.items():
        path = out / name
        path.touch(mode=0o600)
        path.write_bytes(content)
    await world.start(google_port=google_port, severa_port=severa_port)
    try:
        _describe(world.severa_url, world.google_url, world.token_uri, company.client_id)
        click.echo(f"client secret     in {out}/client-secret")
        click.echo(f"service account   {company.service_account}")
        click.echo(f"its key           in {out}/service-account.p12")
        click.echo(f"people            {', '.join(person.email for person in company.people)}")
        click.echo(f"faults, switches  {world.control_url}/faults, {world.control_url}/settings/…")
        click.echo("Ctrl-C stops it.")
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()
    finally:
        await world.stop()


def _describe(severa_url: str, google_url: str, token_uri: str, client_id: str) -> None:
    click.echo(f"severa.base_url   {severa_url}")
    click.echo(f"severa.client_id  {client_id}")
    click.echo(f"google.api_root   {google_url}")
    click.echo(f"google.token_uri  {token_uri}")
