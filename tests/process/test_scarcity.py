"""Out of descriptors: exits are still noticed, daemons can be stopped, and nothing is made up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from signal import SIGKILL

from ghostbot.process.identity import proc_of
from ghostbot.process.tree import Snapshot, send

STARVED = """
import asyncio, os, resource, signal, sys
from pathlib import Path
from ghostbot.config.model import DaemonTable, LogTable
from ghostbot.process.exits import Exits
from ghostbot.process.identity import is_alive
from ghostbot.process.journal import Journal
from ghostbot.process.runs import SHORT_S, Runs

folder, mail = Path(sys.argv[1]), []

def table(name, *command):
    log = LogTable(folder / f"{name}.log")
    return DaemonTable(name=name, command=command, cwd=folder, log=log)

async def until(is_true):
    async with asyncio.timeout(20):
        while not is_true():
            await asyncio.sleep(0.005)

async def main():
    loop = asyncio.get_running_loop()
    exits = Exits(loop)
    runs = Runs(state_id=sys.argv[2], inherited=dict(os.environ), exits=exits,
                journal=Journal(folder / "spawns.jsonl"), loop=loop)
    early = runs.spawn(table("early", "sleep", "60"), mail.append)
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    hogs, procs, n = [], [early.proc], 0
    while True:  # each costs a pidfd, until there is none and exits are polled
        n += 1
        outcome = runs.spawn(table(f"d{n}", "sleep", "60"), mail.append)
        if not hasattr(outcome, "proc"):
            break
        procs.append(outcome.proc)
        if n % 5 == 0:
            try:
                hogs.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                pass
        assert n < 200
    print("refused:", outcome.why, outcome.own)
    try:
        while True:
            hogs.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    assert all(is_alive(p) for p in procs)  # by the reserve
    await asyncio.sleep(0.2)
    assert not mail, mail
    by_name = dict(zip(["early", *(f"d{i}" for i in range(1, n))], procs))
    for name, proc in by_name.items():
        runs.signal(table(name, "sleep"), proc, signal.SIGTERM)
    await until(lambda: len(mail) == len(procs))
    assert {e.code for e in mail} == {-signal.SIGTERM}, mail
    assert not hasattr(runs.spawn(table("more", "true"), mail.append), "proc")
    for fd in hogs:
        os.close(fd)
    told = runs.spawn(table("told", "true"), mail.append)  # nobody tries for a moment
    assert told.why == "file descriptors" and told.own, told
    await asyncio.sleep(SHORT_S)
    again = runs.spawn(table("again", "true"), mail.append)
    await until(lambda: any(e.proc == again.proc for e in mail))
    print("polled:", len(procs), "again:", mail[-1].code)
    runs.close()
    exits.close()

asyncio.run(main())
"""


def test_without_descriptors_exits_are_noticed_and_stops_work(
    tmp_path: Path, state_id: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", STARVED, str(tmp_path), state_id],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        cwd=Path.cwd(),
    )
    send((proc_of(stat) for stat in Snapshot.take().marked(f"{state_id}/")), SIGKILL)
    assert ran.returncode == 0, ran.stderr
    refused, polled = ran.stdout.splitlines()
    assert refused == "refused: file descriptors True"
    assert polled.endswith("again: 0")
