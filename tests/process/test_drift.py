"""What runs against what ghost.toml says, and second copies, on real processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ghostbot.process.drift import Copy, copies, drift
from ghostbot.process.identity import identify
from tests.fakes.house import House, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


Stranger = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    """Start processes as somebody else would."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str, cwd: Path | str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(command, cwd=cwd, start_new_session=True))
        return started[-1]

    yield start
    for one in started:
        with suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)  # with what it started
        one.wait()


async def test_a_daemon_that_runs_as_it_was_started_has_not_drifted(house: House) -> None:
    table = house.table("sleep", "60", env={"A": "1"})
    assert drift(table, house.spawn(table)) == []


async def test_what_became_another_since_the_start_is_named(house: House) -> None:
    file = house.path / "web.env"
    file.write_text("TOKEN=old\n")
    table = house.table("sleep", "60", env={"A": "1"}, env_file=(file,))
    proc = house.spawn(table)
    assert drift(replace(table, command=("sleep", "61")), proc) == ["its command changed"]
    assert drift(replace(table, env={"A": "2"}), proc) == ["its environment changed"]
    assert drift(replace(table, umask=0o22), proc) == ["its start options changed"]
    file.write_text("TOKEN=new\n")
    assert drift(table, proc) == ["its environment changed"]
    file.unlink()
    assert drift(table, proc)[0].startswith("could not be started now: cannot start web")


async def test_a_program_that_was_replaced_on_disk_is_told(house: House) -> None:
    program = house.path / "program"
    shutil.copy(shutil.which("sleep") or "sleep", program)
    table = house.table(str(program), "60")
    proc = house.spawn(table)
    await until(lambda: Path(f"/proc/{proc.pid}/exe").readlink() == program)
    assert drift(table, proc) == []
    program.unlink()
    assert drift(table, proc) == ["its program file was replaced since it started"]


async def test_nobody_is_said_to_have_drifted_who_is_gone(house: House) -> None:
    table = house.table("sleep", "60")
    proc = house.spawn(table)
    os.kill(proc.pid, signal.SIGKILL)
    await house.exited(proc)
    assert drift(replace(table, command=("other",)), proc) == []


async def test_no_value_of_the_environment_is_written_into_the_hashes(house: House) -> None:
    table = house.table("sh", "-c", 'echo "$GHOST_SPEC ready"; exec sleep 60', env={"A": "hunter2"})
    house.spawn(table)
    said = await house.said(table)
    assert "hunter2" not in said
    assert len(said.split()[0]) == 3 * 8 + 2


async def test_a_second_copy_that_ghost_did_not_start_is_found(
    house: House, stranger: Stranger
) -> None:
    table = house.table("sleep", "61.5")
    own = house.spawn(table)
    assert copies([table], f"{house.state_id}/", [own.pid]) == ()
    copy = stranger("sleep", "61.5", cwd=house.path)
    stranger("sleep", "61.5", cwd="/")  # another folder: another thing
    stranger("sleep", "61.4", cwd=house.path)
    await until(lambda: copies([table], f"{house.state_id}/", [own.pid]))
    proc = identify(copy.pid)
    assert proc is not None
    assert copies([table], f"{house.state_id}/") == (Copy("web", proc, "sleep 61.5"),)


async def test_a_script_is_known_behind_its_interpreter(house: House, stranger: Stranger) -> None:
    script = house.path / "serve"
    script.write_text("#!/bin/sh -e\nsleep 60 & wait\n")
    script.chmod(0o755)
    table = house.table(str(script), "--port", "1")
    copy = stranger(*table.command, cwd=house.path)

    def found() -> list[int]:
        return [one.proc.pid for one in copies([table], f"{house.state_id}/")]

    # Until it becomes `sleep`, what the script forks has the script's own arguments.
    await until(lambda: found() == [copy.pid])


async def test_what_a_daemon_starts_is_no_copy_of_it(house: House) -> None:
    """A child that clears its environment and has the same arguments belongs to it all the same."""
    table = house.table("sh", "-c", "env -i sleep 61.7 & echo ready; wait")
    own = house.spawn(table)
    await house.said(table)
    again = replace(table, command=("sleep", "61.7"))
    assert copies([again], f"{house.state_id}/", [own.pid]) == ()
    os.killpg(own.pid, signal.SIGKILL)
