"""The spawn journal: one line each, and lines that make no sense stop nothing."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from ghostbot.core.daemon import Proc
from ghostbot.process import journal as module
from ghostbot.process.journal import Journal

PROC = Proc(4711, 99, "boot")


def journal(tmp_path: Path, told: list[str | None] | None = None) -> Journal:
    trouble = told.append if told is not None else lambda _: None
    return Journal(tmp_path / "journal" / "spawns.jsonl", trouble)


def test_the_last_line_of_each_daemon_is_read_back(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.spawn("web", "r1", boot="boot", ticks=98)
    first.spawned("web", "r1", PROC)
    first.spawn("db", "r2", boot="boot", ticks=100)
    first.gone("db", "r2", None, "boot")
    first.close()
    last = journal(tmp_path).read()
    assert last["web"].proc == PROC
    assert last["web"].run == "r1"
    assert (last["db"].event, last["db"].proc) == ("gone", None)


def test_a_line_is_on_disk_when_the_call_returns(tmp_path: Path) -> None:
    a_journal = journal(tmp_path)
    a_journal.spawn("web", "r1", boot="boot", ticks=98)
    a_journal.spawned("web", "r1", PROC)
    lines = (tmp_path / "journal" / "spawns.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["spawn", "spawned"]
    a_journal.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b'{"at":"2026-01-01T00:00:00.000Z","event":"spaw',
        b"\x00\xff\xfe",
        b"[]",
        b"7",
        b'{"event":"spawned"}',
        b"[" * 5000,
        b'{"at":"x","event":"spawned","name":"a","run":"r","pid":true,"ticks":1,"boot":"b"}',
        b'{"at":"x","event":"lost","name":"a","run":"r","pid":1,"ticks":1,"boot":"b"}',
    ],
)
def test_torn_and_senseless_lines_are_left_out_kept_and_told(
    tmp_path: Path, garbage: bytes
) -> None:
    first = journal(tmp_path)
    first.spawned("web", "r1", PROC)
    first.close()
    path = tmp_path / "journal" / "spawns.jsonl"
    path.write_bytes(garbage + b"\n" + path.read_bytes() + garbage)
    before = path.read_bytes()
    second = journal(tmp_path)
    assert second.read()["web"].proc == PROC
    assert second.notes[0].startswith("2 lines of ")
    assert path.with_name("spawns.jsonl.corrupt-1").read_bytes() == before
    second.gone("web", "r1", PROC, "boot")
    second.close()
    third = journal(tmp_path)
    assert third.read()["web"].event == "gone"
    assert third.notes == ()


def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPACT_BYTES", 2000)
    a_journal = journal(tmp_path)
    for number in range(200):
        a_journal.spawned("web", f"r{number}", PROC)
    path = tmp_path / "journal" / "spawns.jsonl"
    assert path.stat().st_size < 2500
    a_journal.close()
    assert journal(tmp_path).read()["web"].run == "r199"


def test_a_disk_that_refuses_is_told_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str | None] = []
    a_journal, write = journal(tmp_path, told), os.write
    a_journal.spawned("web", "r1", PROC)
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:10]))
    a_journal.spawned("web", "r2", PROC)
    monkeypatch.setattr(os, "write", write)
    assert told == [f"cannot write {tmp_path}/journal/spawns.jsonl: no space left on device"]
    a_journal.spawned("web", "r3", PROC)
    a_journal.close()
    assert told[1:] == [None]
    second = journal(tmp_path)
    assert second.read()["web"].run == "r3"
    assert second.notes == ()  # what was torn is gone, as the file was written anew


def test_a_journal_whose_folder_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("no folder")
    told: list[str | None] = []
    a_journal = journal(tmp_path, told)
    a_journal.spawn("web", "r1", boot="boot", ticks=1)
    assert a_journal.last["web"].run == "r1"
    assert "cannot write" in str(told[0])
    assert a_journal.read() == {}


def test_a_line_after_a_torn_one_is_whole_even_without_reading_first(tmp_path: Path) -> None:
    path = tmp_path / "journal" / "spawns.jsonl"
    first = journal(tmp_path)
    first.spawned("web", "r1", PROC)
    first.close()
    path.write_bytes(path.read_bytes() + b'{"at":"20')
    second = journal(tmp_path)
    second.spawned("db", "r2", PROC)
    second.close()
    assert set(journal(tmp_path).read()) == {"web", "db"}


def test_what_a_full_disk_refused_is_written_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str | None] = []
    full = journal(tmp_path, told)
    full.spawn("web", "r1", boot="boot", ticks=1)
    write = os.write

    def refuse(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    full.spawned("web", "r1", PROC)
    monkeypatch.setattr(os, "write", write)
    full.spawn("db", "r2", boot="boot", ticks=2)
    full.close()
    found = journal(tmp_path).read()
    assert found["web"].proc == PROC
    assert (found["db"].event, told[-1]) == ("spawn", None)


def test_a_journal_that_was_deleted_is_written_anew_and_whole(tmp_path: Path) -> None:
    deleted = journal(tmp_path)
    deleted.spawned("web", "r1", PROC)
    (tmp_path / "journal" / "spawns.jsonl").unlink()
    deleted.spawn("db", "r2", boot="boot", ticks=2)
    deleted.close()
    found = journal(tmp_path).read()
    assert (found["web"].proc, found["db"].run) == (PROC, "r2")


def test_a_late_word_about_an_earlier_run_changes_nothing(tmp_path: Path) -> None:
    late = journal(tmp_path)
    late.spawned("web", "r2", PROC)
    late.gone("web", "r1", None, "boot")
    assert late.last["web"].proc == PROC
    with (tmp_path / "journal" / "spawns.jsonl").open("a") as file:
        gone = {"at": "x", "event": "gone", "name": "web", "run": "r1"}
        file.write(json.dumps({**gone, "pid": None, "ticks": None, "boot": "boot"}) + "\n")
    late.close()
    assert journal(tmp_path).read()["web"].proc == PROC
