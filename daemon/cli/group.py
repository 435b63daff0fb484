"""The command that all others belong to: where the configuration is, and how errors end (exit codes 0, 1, 2)."""

import sys
from pathlib import Path
from typing import Any, Final

import click

from daemon.errors import Misused, SyncError

DEFAULT_CONFIG: Final = Path("/etc/severa-gcal/config.toml")
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130


class Commands(click.Group):
    """Turns our errors, and wrong usage, into one line on stderr and the right exit code; never a traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line and end the process."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(MISUSED)
        except click.ClickException as error:
            # click's own form is three lines: usage, where to find help, and what is wrong.
            click.echo(f"severa-gcal: {one_line(error.format_message())}", err=True)
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SyncError as error:
            click.echo(f"severa-gcal: {one_line(str(error))}", err=True)
            sys.exit(MISUSED if isinstance(error, Misused) else FAILED)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            sys.exit(FAILED)
        except OSError as error:
            click.echo(f"severa-gcal: {error.strerror or error}", err=True)
            sys.exit(FAILED)


def one_line(text: str) -> str:
    """Return a text without line breaks."""
    return " ".join(text.split())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_CONFIG,
    show_default=True,
    envvar="SEVERA_GCAL_CONFIG",
    help="The configuration file.",
)
@click.version_option(package_name="severa-gcal", prog_name="severa-gcal")
@click.pass_context
def main(ctx: click.Context, config: Path) -> None:
    """Keep a company's Severa calendar and its users' Google Calendars in step."""
    ctx.obj = config


as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON.")
