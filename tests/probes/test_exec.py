"""Probes that are commands: what their ends mean, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.errors import CannotSpawn
from ghostbot.probes.exec import Exec
from ghostbot.probes.finding import Finding
from ghostbot.process.errand import Ended, Errands
from ghostbot.process.exits import Exits
from ghostbot.process.tree import Snapshot

STATE = f"execprobetest{os.getpid()}"

Look = Callable[..., Awaitable[Finding]]


@pytest.fixture
async def look(tmp_path: Path) -> AsyncIterator[Look]:
    exits = Exits(asyncio.get_running_loop())
    errands = Errands(
        state_id=STATE,
        folder=tmp_path / "errands",
        inherited={"PATH": os.environ["PATH"]},
        exits=exits,
    )

    async def run(code: str, timeout_s: float = 20, **keys: Any) -> Finding:
        command = keys.pop("command", (sys.executable, "-S", "-c", code))
        table = ProbeTable(kind=ProbeKind.EXEC, label="exec", command=command, timeout_s=timeout_s)
        return await Exec(table, cwd=tmp_path, env={"PORT": "80"}, run=errands.run).look()

    yield run
    exits.close()
    assert not any((tmp_path / "errands").glob("*"))
    assert Snapshot.take().marked(f"{STATE}/") == []


NAME = Path(sys.executable).name


async def test_a_command_that_exits_with_0_is_well_and_its_last_word_is_shown(look: Look) -> None:
    found = await look("import os; print('port', os.environ['PORT'], os.getcwd())")
    assert found.ok is True
    assert found.said.startswith(f"{NAME} exited with 0: port 80 /")


async def test_any_other_code_is_sick(look: Look) -> None:
    found = await look("import sys; sys.exit('the queue is stuck')")
    assert (found.ok, found.said) == (False, f"{NAME} exited with 1: the queue is stuck")


async def test_a_command_that_is_killed_is_sick(look: Look) -> None:
    found = await look("import os; os.kill(os.getpid(), 9)")
    assert (found.ok, found.said) == (False, f"{NAME} was killed by signal 9")


async def test_a_command_that_hangs_is_ended_with_what_it_started(look: Look) -> None:
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(99)'])\n"
        "print('begun', flush=True); time.sleep(99)"
    )
    found = await look(code, timeout_s=1)
    assert (found.ok, found.said) == (False, f"{NAME} did not end within 1 s: begun")


async def test_a_command_that_is_not_there_is_sick(look: Look, tmp_path: Path) -> None:
    found = await look("", command=(str(tmp_path / "gone.sh"),))
    assert found.ok is False
    assert "gone.sh is not there" in found.said


@pytest.mark.parametrize(
    "trouble",
    [
        CannotSpawn("cannot start it: no process slots", own=True),
        OSError(28, "No space left on device"),
    ],
)
async def test_what_ghost_cannot_start_for_its_own_reasons_is_unknown(trouble: Exception) -> None:
    async def run(command: Sequence[str], **_: Any) -> Ended:
        raise trouble

    table = ProbeTable(kind=ProbeKind.EXEC, label="exec", command=("true",))
    env: Mapping[str, str] = {}
    found = await Exec(table, cwd=None, env=env, run=run).look()
    assert found.ok is None
