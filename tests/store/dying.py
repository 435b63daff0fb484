"""A process that upgrades a database again and again, and is killed one step later each time, until it gets through."""

import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

from alembic import command  # noqa: F401 - imported before the processes part, to save each the time
from sqlalchemy import Engine, Pool, event

from daemon.store.schema import prepare

TOUCHES = ("open", "os.link", "os.remove", "os.rename", "sqlite3.connect")


def main(database: Path, trials: Path, migrations: str, head: str) -> None:
    """Leave what each killed upgrade left in a directory of its own, named by the step, and say how many there were."""
    for step in count(1):
        trial = trials / str(step)
        trial.mkdir()
        shutil.copy2(database, trial / "state.db")
        child = os.fork()
        if not child:
            _upgrade(trial, migrations, head, step)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0, "the upgrade came through"
            print(step - 1)
            return


def _upgrade(trial: Path, migrations: str, head: str, last: int) -> None:
    """Upgrade, and die right before the last step: a statement, or a touch of a file in the directory."""
    steps = count(1)

    def step() -> None:
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def touched(name: str, args: tuple[Any, ...]) -> None:
        if name in TOUCHES and any(str(arg).startswith(str(trial)) for arg in args):
            step()

    event.listen(Engine, "before_cursor_execute", lambda *_: step())
    event.listen(Engine, "commit", lambda _: step())
    event.listen(Pool, "close", lambda *_: step())
    sys.addaudithook(touched)
    prepare(trial / "state.db", migrations=migrations, head=head)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
