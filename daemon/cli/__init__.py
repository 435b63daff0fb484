"""The command line: one file a command, heavy imports inside the commands."""

from daemon.cli.backup import backup
from daemon.cli.connect import google
from daemon.cli.demo import demo
from daemon.cli.group import main
from daemon.cli.held import held
from daemon.cli.history import history
from daemon.cli.integration import integration
from daemon.cli.run import run
from daemon.cli.sandbox import sandbox
from daemon.cli.status import status
from daemon.cli.types import activity_types
from daemon.cli.undo import undo
from daemon.cli.users import users

COMMANDS = (
    run,
    demo,
    sandbox,
    google,
    activity_types,
    integration,
    users,
    status,
    history,
    undo,
    backup,
    held,
)
for command in COMMANDS:
    main.add_command(command)

__all__ = ["main"]
