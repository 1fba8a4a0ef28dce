"""Drift and second copies, told with the way out and taken back when it is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ghostbot.core.daemon import State
from ghostbot.guards.drift import Drift
from ghostbot.process.drift import is_stopped
from ghostbot.process.identity import proc_of, stat_of
from tests.fakes.house import until
from tests.fakes.kennel import kennel, table

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
PREFIX = "0123456789ab/"


def sleeper(cwd: Path, env: dict[str, str] | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "62.25"], cwd=cwd, env=env)


async def test_what_drifted_and_what_runs_twice_is_told_and_ends_nobody(tmp_path: Path) -> None:
    spec = {**os.environ, "GHOST_SPEC": "other:other:other", "GHOST_UNIT": f"{PREFIX}web/1"}
    with (
        sleeper(tmp_path, spec) as own,
        sleeper(tmp_path, None) as copy,
    ):
        try:
            web = replace(table("web"), command=("sleep", "62.25"), cwd=tmp_path)
            async with kennel(web) as k:
                await k.until(lambda: k.state("web") is State.UP)
                stat = stat_of(own.pid)
                assert stat is not None
                k.dogs["web"].daemon = replace(k.dogs["web"].daemon, proc=proc_of(stat))
                drift = Drift(k.dogs, PREFIX, k.troubles.teller)
                await drift.look()
                (line,) = k.troubles.lines()
                assert "web is not as ghost.toml has it: its command changed" in line
                assert "restart web to have it so" in line
                assert f"a second web runs that Ghost did not start: pid {copy.pid}" in line
                assert (own.poll(), copy.poll()) == (None, None)
                copy.kill()
                copy.wait()
                own.kill()
                own.wait()
                await drift.look()
                assert k.troubles.lines() == ()
        finally:
            for process in (own, copy):
                process.send_signal(signal.SIGKILL)


async def test_a_daemon_that_was_stopped_by_a_signal_is_not_merely_up(tmp_path: Path) -> None:
    spec = {**os.environ, "GHOST_UNIT": f"{PREFIX}web/1"}
    with sleeper(tmp_path, spec) as own:
        try:
            async with kennel(replace(table("web"), cwd=tmp_path)) as k:
                await k.until(lambda: k.state("web") is State.UP)
                stat = stat_of(own.pid)
                assert stat is not None
                k.dogs["web"].daemon = replace(k.dogs["web"].daemon, proc=proc_of(stat))
                drift = Drift(k.dogs, PREFIX, k.troubles.teller)
                own.send_signal(signal.SIGSTOP)
                await until(lambda: is_stopped(proc_of(stat)))
                await drift.look()
                (line,) = k.troubles.lines()
                assert (
                    f"web was stopped by a signal and does nothing: `kill -CONT {own.pid}`" in line
                )
                own.send_signal(signal.SIGCONT)
                await drift.look()
                assert k.troubles.lines() == ()
        finally:
            own.kill()
