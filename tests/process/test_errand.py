"""Bounded commands: their end, their output, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ghostbot.errors import CannotSpawn
from ghostbot.process import errand as errand_module
from ghostbot.process.errand import Ended, Errands
from ghostbot.process.exits import Exits
from ghostbot.process.tree import Snapshot
from tests.fakes.house import until

STATE = f"errandtest{os.getpid()}"


@pytest.fixture
async def errands(tmp_path: Path) -> AsyncIterator[Errands]:
    exits = Exits(asyncio.get_running_loop())
    yield Errands(
        state_id=STATE,
        folder=tmp_path / "errands",
        inherited={"PATH": os.environ["PATH"]},
        exits=exits,
    )
    exits.close()
    assert not any((tmp_path / "errands").glob("*"))
    # What was killed may take a moment to be gone, where it was not the leader.
    await until(lambda: not Snapshot.take().marked(f"{STATE}/"))


async def run(errands: Errands, code: str, timeout_s: float = 20, most_bytes: int = 1000) -> Ended:
    command = (sys.executable, "-S", "-c", code)
    env = {"WHY": "sick"}
    return await errands.run(command, cwd=None, env=env, timeout_s=timeout_s, most_bytes=most_bytes)


async def test_a_command_has_its_environment_and_its_output_is_kept(errands: Errands) -> None:
    ended = await run(
        errands, "import os,sys; print(os.environ['WHY'], flush=True); sys.exit('bad')"
    )
    assert ended == Ended(1, None, b"sick\nbad\n")


async def test_a_signal_is_told_from_a_code(errands: Errands) -> None:
    ended = await run(errands, "import os; os.kill(os.getpid(), 9)")
    assert (ended.code, ended.signal) == (None, 9)


async def test_only_the_end_of_much_output_is_kept(errands: Errands) -> None:
    ended = await run(errands, "print('x' * 5_000_000 + 'end')", most_bytes=10)
    assert ended.output == b"xxxxxxend\n"


async def test_what_takes_too_long_is_ended_with_all_it_started(errands: Errands) -> None:
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(99)'],"
        " start_new_session=True)\n"
        "print('begun', flush=True); time.sleep(99)"
    )
    ended = await run(errands, code, timeout_s=1)
    assert (ended.timed_out, ended.signal, ended.output) == (True, 9, b"begun\n")


async def test_what_nobody_waits_for_any_more_is_ended(errands: Errands, tmp_path: Path) -> None:
    sign = tmp_path / "begun"
    code = f"import time; open({str(sign)!r}, 'w').close(); time.sleep(99)"
    task = asyncio.create_task(run(errands, code))
    while not sign.exists():  # noqa: ASYNC110 - another process's file tells nobody
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_what_writes_too_much_is_ended(
    errands: Errands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand_module, "WROTE_MAX", 100_000)
    monkeypatch.setattr(errand_module, "LOOK_S", 0.05)
    code = "import time\nfor _ in range(100):\n print('x' * 10_000, flush=True)\ntime.sleep(99)"
    ended = await run(errands, code, most_bytes=5)
    assert ended.timed_out
    assert len(ended.output) == 5


async def test_a_command_that_is_not_there_is_named(errands: Errands, tmp_path: Path) -> None:
    with pytest.raises(CannotSpawn, match=r"repair\.sh is not there"):
        await errands.run(
            (str(tmp_path / "repair.sh"),), cwd=None, env={}, timeout_s=5, most_bytes=5
        )


async def test_what_an_earlier_ghost_began_is_ended_and_its_output_goes(
    errands: Errands, tmp_path: Path
) -> None:
    """Killed, or another by an upgrade: nobody waits for its commands any more."""
    mark = {**os.environ, "GHOST_UNIT": f"{STATE}/errand/old-1"}
    command = [sys.executable, "-S", "-c", "import time; print(flush=True); time.sleep(99)"]
    old = await asyncio.create_subprocess_exec(
        *command, env=mark, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert old.stdout is not None
    await old.stdout.readline()
    (tmp_path / "errands").mkdir()
    (tmp_path / "errands" / "old-1.out").write_text("half of it")
    await asyncio.to_thread(errands.clear)
    assert await asyncio.wait_for(old.wait(), 5) == -9
    assert (await run(errands, "print('fresh')")).output == b"fresh\n"
