"""A loop that hangs is found out."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from asyncio.subprocess import PIPE

import pytest

from ghostbot.stall import Stall


async def test_a_loop_that_hangs_has_its_stacks_written_down_once_and_is_told_afterwards(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[str | None] = []
    over = asyncio.Event()

    def tell(line: str | None) -> None:
        told.append(line)
        over.set()

    caplog.set_level(logging.WARNING, "ghost.stall")
    task = asyncio.create_task(Stall(tell, limit_s=0.2).run())
    await asyncio.sleep(0.15)
    _hang()
    await asyncio.wait_for(over.wait(), 5)
    task.cancel()
    first, last = (r.getMessage() for r in caplog.records if r.name == "ghost.stall")
    assert "the event loop hangs" in first
    assert "_hang" in first  # where it was
    assert "thread MainThread" in first
    assert "turns again" in last
    assert told[0] is not None
    assert "Ghost did nothing for" in told[0]


async def test_a_process_that_was_itself_stopped_did_not_hang() -> None:
    """The thread that looks was stopped as well: it comes late to its own look."""
    script = (
        "import asyncio, sys; from ghostbot.stall import Stall\n"
        "told = []\n"
        "async def main():\n"
        "    task = asyncio.create_task(Stall(told.append, limit_s=0.4).run())\n"
        "    await asyncio.sleep(0.3); print('on', flush=True)\n"
        "    await asyncio.to_thread(sys.stdin.readline); await asyncio.sleep(0.5)\n"
        "    task.cancel(); print(told)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(1.5)  # what is tested is that it does nothing meanwhile
    process.send_signal(signal.SIGCONT)
    out, _ = await asyncio.wait_for(process.communicate(b"\n"), 20)
    assert out == b"[]\n"


def _hang() -> None:
    time.sleep(1.2)  # what is tested is that nothing can turn meanwhile


async def test_a_loop_that_turns_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "ghost.stall")
    told: list[str | None] = []
    task = asyncio.create_task(Stall(told.append, limit_s=0.5).run())
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (told, [r for r in caplog.records if r.name == "ghost.stall"]) == ([], [])
