"""Who is a member, on process tables that the test makes up."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from signal import SIGKILL, SIGTERM, Signals
from typing import Any

import pytest

from ghostbot.config.model import Kill
from ghostbot.core.daemon import Proc
from ghostbot.process import tree
from ghostbot.process.identity import Stat, boot_id, is_alive, proc_of, stat_of
from ghostbot.process.tree import Snapshot, members, send, send_to_group

ME = os.getpid()
LEADER = 90_000_000  # beyond every pid_max


def stat(pid: int, *, ppid: int = 1, of: int | None = None, ticks: int = 100, **keys: Any) -> Stat:
    """Return a process in group and session `of` (its own unless told)."""
    group = keys.pop("group", of or pid)
    state = keys.pop("state", "S")
    return Stat(pid, state, ppid, group, of or pid, 0, 1, ticks, 0)


def snapshot(*stats: Stat, markers: dict[int, str] | None = None) -> Snapshot:
    return Snapshot({s.pid: s for s in stats}, (markers or {}).get)


def pids(
    a_snapshot: Snapshot, *, ticks: int = 100, boot: str | None = None, **keys: Any
) -> set[int]:
    leader = Proc(LEADER, ticks, boot or boot_id())
    return {p.pid for p in members(a_snapshot, leader, "house/web/", **keys)}


A, B, C, D, E = (LEADER + n for n in range(1, 6))
FAMILY = (
    stat(LEADER, ppid=ME),
    stat(A, ppid=LEADER, of=LEADER),  # in the group
    stat(B, ppid=LEADER, of=LEADER, group=B),  # in a group of its own
    stat(C, ppid=LEADER),  # in a session of its own
    stat(D, ppid=1),  # forked twice
    stat(E, ppid=D),  # a child of that one
)


def test_all_four_ways_to_escape_are_found() -> None:
    found = pids(snapshot(*FAMILY, markers={D: "house/web/run1"}))
    assert found == {LEADER, A, B, C, D, E}


def test_kill_group_and_kill_leader_reach_no_further() -> None:
    assert pids(snapshot(*FAMILY), kill=Kill.GROUP) == {LEADER, A}
    assert pids(snapshot(*FAMILY), kill=Kill.LEADER) == {LEADER}


def test_the_marker_of_another_daemon_or_house_is_no_members() -> None:
    for marker in ("house/web2/r", "house/webber/r", "other/web/r", "house/we", ""):
        assert D not in pids(snapshot(*FAMILY, markers={D: marker}))


def test_whoever_is_older_than_the_leader_is_no_member() -> None:
    older = stat(D, ppid=1, ticks=99)
    in_group = stat(A, ppid=1, of=LEADER, ticks=99)
    assert pids(snapshot(FAMILY[0], older, in_group, markers={D: "house/web/r"})) == {LEADER}


def test_a_group_that_took_the_leaders_number_later_is_a_strangers() -> None:
    """The leader's pid was given out again: nobody in that group may be touched."""
    strangers = snapshot(stat(LEADER, ticks=500), stat(A, ppid=LEADER, of=LEADER, ticks=501))
    assert pids(strangers) == set()
    assert pids(strangers, kill=Kill.GROUP) == set()
    assert pids(strangers, kill=Kill.LEADER) == set()


def test_without_a_leader_the_group_counts_only_when_it_was_watched() -> None:
    left = snapshot(stat(A, ppid=1, of=LEADER), stat(D), markers={D: "house/web/r"})
    assert pids(left, sure=True) == {A, D}
    assert pids(left, sure=False) == {D}
    assert pids(left, sure=False, kill=Kill.GROUP) == set()


def test_of_another_boot_only_a_marker_counts() -> None:
    assert pids(snapshot(*FAMILY), boot="another") == set()
    assert pids(snapshot(*FAMILY), boot="another", kill=Kill.GROUP) == set()


def test_zombies_are_no_members() -> None:
    assert pids(snapshot(FAMILY[0], stat(A, ppid=LEADER, of=LEADER, state="Z"))) == {LEADER}


def test_ghost_its_ancestors_and_its_other_children_are_never_members() -> None:
    """Ghost was started from a shell of the daemon, marker and group and all."""
    shell, other = A, B
    family = snapshot(
        stat(LEADER),
        stat(shell, ppid=1, of=LEADER),
        stat(ME, ppid=shell, of=LEADER),
        stat(other, ppid=ME),
        markers={ME: "house/web/r", shell: "house/web/r"},
    )
    assert pids(family) == {LEADER}
    leader = proc_of(stat(LEADER))
    assert not send_to_group(leader, SIGKILL, family)


def test_a_daemon_that_ghost_descends_from_is_never_signalled() -> None:
    assert pids(snapshot(stat(LEADER), stat(ME, ppid=LEADER), stat(A, ppid=LEADER))) == {A}


def test_a_signal_reaches_the_same_process_or_none() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        found = stat_of(child.pid)
        assert found is not None
        proc = proc_of(found)
        assert send([replace(proc, ticks=proc.ticks - 1)], SIGKILL) == []
        assert send([replace(proc, boot="another")], SIGKILL) == []
        assert is_alive(proc)
        assert send([proc], SIGTERM) == [proc]
        assert child.wait(10) == -SIGTERM
        assert send([proc], SIGTERM) == []


def test_ghost_its_parent_and_init_cannot_be_signalled() -> None:
    for pid in (ME, os.getppid(), 1):
        found = stat_of(pid)
        assert found is not None
        assert send([proc_of(found)], Signals.SIGCONT) == []


def test_a_group_that_ghost_is_in_is_never_signalled(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(tree.signals, "pidfd_send_signal", lambda *words: sent.append(words))
    monkeypatch.setattr(os, "killpg", lambda *words: sent.append(words))
    leader = stat_of(os.getpgrp())
    if leader is not None:
        assert not send_to_group(proc_of(leader), Signals.SIGCONT, Snapshot.take())
    assert sent == []


def test_a_group_is_reached_as_a_whole_with_and_without_the_kernels_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = tree.signals.pidfd_send_signal

    def old_kernel(fd: int, signal: int, info: None, flags: int) -> None:
        if flags:
            raise OSError(22, "invalid argument")
        real(fd, signal, info, flags)

    for send_signal in (real, old_kernel):
        monkeypatch.setattr(tree.signals, "pidfd_send_signal", send_signal)
        with subprocess.Popen(
            ["sh", "-c", "sleep 60 & wait"], start_new_session=True, stdout=subprocess.PIPE
        ) as child:
            found = stat_of(child.pid)
            assert found is not None
            limit = time.monotonic() + 10
            while len(_group(child.pid)) < 2:
                assert time.monotonic() < limit
            assert send_to_group(proc_of(found), SIGKILL, Snapshot.take())
            assert child.stdout is not None
            assert child.stdout.read() == b""  # nobody holds it any more


def _group(number: int) -> list[int]:
    return [s.pid for s in Snapshot.take().stats.values() if s.group == number]


@pytest.mark.alone
def test_three_hundred_processes_are_looked_at_in_little_time() -> None:
    """Against the bare reading of as many files, as the machine may be busy."""
    names = [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208

    def bare() -> None:
        for name in names:
            try:
                fd = os.open(f"/proc/{name}/stat", os.O_RDONLY)
            except OSError:
                continue
            os.read(fd, 4096)
            os.close(fd)

    def fastest(act: object) -> float:
        times = []
        for _ in range(20):
            began = time.perf_counter()
            act()  # type: ignore[operator]
            times.append(time.perf_counter() - began)
        return min(times)

    assert fastest(Snapshot.take) < 4 * fastest(bare)
