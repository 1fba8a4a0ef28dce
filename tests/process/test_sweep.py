"""Strays: found by their mark alone, and ended without touching anybody else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghostbot.core.daemon import Proc
from ghostbot.process.identity import boot_id, identify
from ghostbot.process.journal import Journal
from ghostbot.process.presence import state_id
from ghostbot.process.sweep import Known, find, known_on_disk, sweep

IGNORES_TERM = str(Path(__file__).parents[1] / "programs" / "ignore_term.py")
WAITS = "import sys, time; print(flush=True); time.sleep(60)"


class Pen:
    """Processes that carry marks of this test's state directory."""

    def __init__(self, state_dir: Path) -> None:
        self.id = state_id(state_dir)
        self.popen: list[subprocess.Popen[bytes]] = []

    def start(self, mark: str | None, *command: str, session: bool = True) -> Proc:
        """Start a process with this mark, and return once it runs its program."""
        mine = {} if mark is None else {"GHOST_UNIT": f"{self.id}/{mark}"}
        child = subprocess.Popen(
            [sys.executable, *(command or ("-c", WAITS))],
            env={**os.environ, **mine},
            stdout=subprocess.PIPE,
            start_new_session=session,
        )
        assert child.stdout is not None
        child.stdout.readline()
        self.popen.append(child)
        found = identify(child.pid)
        assert found is not None
        return found

    def ended(self, proc: Proc) -> int:
        """Return how it ended; it must have."""
        child = next(c for c in self.popen if c.pid == proc.pid)
        return child.wait(timeout=5)

    def close(self) -> None:
        for child in self.popen:
            if child.poll() is None:
                child.kill()
            child.communicate()


@pytest.fixture
def pen(tmp_path: Path) -> Iterator[Pen]:
    made = Pen(tmp_path)
    yield made
    made.close()


def nobody() -> dict[str, Known]:
    return {}


def test_a_stray_is_found_with_every_file_lost_and_told_in_full(pen: Pen) -> None:
    proc = pen.start("web/r1")
    (found,) = find(pen.id, nobody)
    assert (found.proc, found.daemon, found.run) == (proc, "web", "r1")
    assert 0 <= found.age_s < 30
    assert "time.sleep(60)" in found.command


def test_only_the_mark_of_this_state_directory_counts(pen: Pen, tmp_path: Path) -> None:
    pen.start(None)
    pen.id, mine = state_id(tmp_path / "other"), pen.id
    pen.start("web/r1")
    assert find(mine, nobody) == ()


def test_a_recorded_run_is_no_stray_and_an_earlier_run_is(pen: Pen) -> None:
    leader, old = pen.start("web/r2"), pen.start("web/r1")
    pen.start("web/r2")  # a member in a session of its own
    for known in (Known(leader, "r2"), Known(leader, None), Known(None, "r2")):
        records = {"web": known}
        assert [s.proc for s in find(pen.id, records.copy)] == [old]


def test_in_doubt_about_a_run_all_of_the_daemon_are_left_alone(pen: Pen) -> None:
    pen.start("web/r1")
    assert find(pen.id, lambda: {"web": Known(Proc(1, 1, "another boot"), None)}) == ()


def test_who_asks_and_its_ancestors_are_never_touched(pen: Pen) -> None:
    asker = pen.start("web/r1")
    assert find(pen.id, nobody, spare=[asker.pid]) == ()
    shell = ("-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WAITS!r}])")
    parent = pen.start("web/r1", *shell)
    (child,) = (s for s in find(pen.id, nobody) if s.proc not in (asker, parent))
    found = {s.proc for s in find(pen.id, nobody, spare=[child.proc.pid])}
    assert found == {asker}
    assert sweep(pen.id, nobody, kill=True).left == ()


def test_what_ignores_term_is_killed_and_nobody_else(
    pen: Pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghostbot.process.sweep.TERM_S", 0.3)
    known, polite = pen.start("web/r2"), pen.start("web/r1")
    stubborn = pen.start("job/r9", "-u", IGNORES_TERM)
    swept = sweep(pen.id, lambda: {"web": Known(known, "r2")}, kill=True)
    assert {s.proc for s in swept.strays} == {polite, stubborn}
    assert swept.left == ()
    assert (pen.ended(polite), pen.ended(stubborn)) == (-signal.SIGTERM, -signal.SIGKILL)
    assert identify(known.pid) == known


def test_without_kill_nothing_is_ended(pen: Pen) -> None:
    proc = pen.start("web/r1")
    assert len(sweep(pen.id, nobody, kill=False).strays) == 1
    assert identify(proc.pid) == proc


def test_files_of_a_ghost_that_is_gone_still_know_its_daemons(pen: Pen, tmp_path: Path) -> None:
    web, job, old = pen.start("web/r1"), pen.start("job/r1"), pen.start("job/r0")
    journal = Journal(tmp_path / "journal" / "spawns.jsonl")
    journal.spawned("job", "r0", old)
    journal.gone("job", "r0", old, boot_id())
    journal.spawned("job", "r1", job)
    journal.close()
    record = {"alive": True, "pid": web.pid, "ticks": web.ticks, "boot": web.boot, "run": "r1"}
    (tmp_path / "process-registry.json").write_text(json.dumps({"web": record, "odd": {}}))
    assert [s.proc for s in find(pen.id, lambda: known_on_disk(tmp_path))] == [old]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"web": 1}', '{"web": {"alive": true}}'])
def test_files_that_make_no_sense_know_nothing_and_are_left_as_they_are(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "process-registry.json"
    file.write_text(text)
    assert known_on_disk(tmp_path) == {}
    assert file.read_text() == text
