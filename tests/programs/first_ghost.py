"""first_ghost.py STATE_DIR STATE_ID MOMENT KILL COMMAND...: a Ghost's process side, that dies.

Runs COMMAND as the daemon `web`. MOMENT says when it kills itself: `unsaved` between the spawn
and the journal's line, `later` never: whoever started it does that. Above it stands a process
that reaps every orphan, as pid 1 does; it says `PID of the first Ghost` and ends on a newline.
"""

import asyncio
import os
import select
import signal
import sys
from pathlib import Path

from ghostbot.config.model import DaemonTable, Kill, LogTable
from ghostbot.process.exits import Exits
from ghostbot.process.journal import Journal
from ghostbot.process.runs import Runs
from ghostbot.process.tree import become_subreaper

folder, state_id, moment, kill, *command = sys.argv[1:]


class Dying(Journal):
    """Kills its Ghost before the pid is saved."""

    def spawned(self, *_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


async def ghost() -> None:
    path, loop = Path(folder), asyncio.get_running_loop()
    kept = (Dying if moment == "unsaved" else Journal)(path / "journal" / "spawns.jsonl")
    runs = Runs(
        state_id=state_id,
        inherited=dict(os.environ),
        exits=Exits(loop),
        journal=kept,
        loop=loop,
    )
    log = LogTable(path / "logs" / "web.log")
    table = DaemonTable(name="web", command=tuple(command), cwd=path, log=log, kill=Kill(kill))
    runs.spawn(table, print)
    await asyncio.sleep(3600)


become_subreaper()
ghost_pid = os.fork()
if ghost_pid == 0:
    asyncio.run(ghost())
os.write(1, f"{ghost_pid}\n".encode())
while not select.select([0], [], [], 0.01)[0]:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
