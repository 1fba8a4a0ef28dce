"""cgroup v2: who hides from every other net is found, and a tree ends in one blow."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ghostbot.process import cgroup
from ghostbot.process.cgroup import Groups
from ghostbot.process.identity import identify
from tests.fakes.house import House, program, until


def made() -> Path:
    """A group of our own, where this machine lets us make one."""
    mounts = Path("/proc/self/mountinfo")
    lines = mounts.read_text().splitlines() if mounts.exists() else []
    point = next((line.split()[4] for line in lines if " - cgroup2 " in line), None)
    if point is None:
        pytest.skip("there is no cgroup v2 here")
    folder = Path(point) / f"ghost-test-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no group can be made here: {error}")
    return folder


@pytest.fixture
async def base() -> AsyncIterator[Path]:
    folder = made()
    yield folder
    await until(lambda: emptied(folder))


def emptied(folder: Path) -> bool:
    """Whether `folder` and its groups are gone; whoever is still in one is killed."""
    groups = [group for group in folder.iterdir() if group.is_dir()]
    for group in groups:
        (group / "cgroup.kill").write_text("1")
    if any((group / "cgroup.procs").read_text() for group in groups):
        return False
    for group in [*groups, folder]:
        group.rmdir()
    return True


def hidden_of(log: str) -> int:
    return next(int(line.split()[1]) for line in log.splitlines() if line.startswith("hidden"))


async def test_who_hid_from_every_other_net_ends_with_its_daemon(house: House, base: Path) -> None:
    house.runs._groups = Groups(base, house.state_id)
    table = house.table(*program("hidden"))
    proc = house.spawn(table)
    hidden = hidden_of(await house.said(table, "hidden"))
    assert house.runs.left_of("web") == [(proc.pid, house.runs.left_of("web")[0][1])]
    assert hidden in {pid for pid, _ in house.runs.members(table, proc)}
    house.runs.signal(table, proc, signal.SIGTERM)
    await house.exited(proc)
    if identify(hidden):
        house.runs.signal(table, proc, signal.SIGKILL)
    await until(lambda: identify(hidden) is None)
    await until(lambda: not list(base.glob("ghost-*")))


async def test_a_leader_that_dies_does_not_hide_whom_it_hid(house: House, base: Path) -> None:
    house.runs._groups = Groups(base, house.state_id)
    table = house.table(*program("hidden"))
    proc = house.spawn(table)
    hidden = hidden_of(await house.said(table, "hidden"))
    os.kill(proc.pid, signal.SIGKILL)
    assert (await house.exited(proc)).left
    house.runs.signal(table, proc, signal.SIGKILL)
    await house.gone(proc)
    assert identify(hidden) is None


async def test_a_respawner_ends_in_one_blow(house: House, base: Path) -> None:
    house.runs._groups = groups = Groups(base, house.state_id)
    table = house.table(*program("respawner"))
    proc = house.spawn(table)
    await until(lambda: len(groups.pids("web")) > 1)
    assert groups.kill("web", {os.getpid()})
    await house.exited(proc)
    await until(lambda: not groups.pids("web"))


def test_a_group_that_ghost_is_in_is_never_killed(tmp_path: Path) -> None:
    groups, group = Groups(tmp_path, "id"), tmp_path / "ghost-id-web"
    group.mkdir()
    (group / "cgroup.procs").write_text(f"{os.getpid()}\n")
    assert groups.pids("web") == {os.getpid()}
    assert not groups.kill("web", {os.getpid()})
    assert not (group / "cgroup.kill").exists()


def test_without_a_subtree_nothing_is_made() -> None:
    groups = Groups(None, "id")
    assert groups.entering("web", ("/bin/true",)) == ("/bin/true",)
    groups.remove("web")
    assert (groups.pids("web"), groups.kill("web", set())) == (set(), False)


def test_a_group_that_cannot_be_entered_stops_no_daemon(tmp_path: Path) -> None:
    """Here no kernel makes cgroup.procs, and the folder may not be written."""
    groups = Groups(tmp_path, "id")
    words = groups.entering("web", ("/bin/echo", "a b", "$1"))
    (tmp_path / "ghost-id-web").rmdir()
    said = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (said.stdout, said.stderr) == ("a b $1\n", "")
    assert groups.entering("web", ("/no/such", "x")) == ("/no/such", "x")


def test_root_does_not_take_what_was_not_given_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cgroup.procs").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not cgroup._is_delegated(tmp_path)
    monkeypatch.setattr(os, "getxattr", lambda *_: b"1", raising=False)
    assert cgroup._is_delegated(tmp_path)
    (tmp_path / "cgroup.procs").unlink()
    assert not cgroup._is_delegated(tmp_path)
