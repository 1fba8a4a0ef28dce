"""The journal says how far a patch came, whatever became of its last line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ghostbot.errors import BadRequest, Failed
from ghostbot.patches.journal import Journal, Kind, Mark, Record, Step, home, journal_of, journals
from ghostbot.patches.recover import recover

STEP = Step(
    path="a\udcff/b",
    temp=".ghost-p1-0.tmp",
    old=Mark("0" * 64, 0o640),
    new=None,
    uid=1,
    gid=2,
    source=None,
)


def record(patch: str = "p1", root: Path = Path("/nowhere")) -> Record:
    return Record(
        id=patch, root=str(root), name="app", format="v4a", digest="d", made=("n",), steps=(STEP,)
    )


def test_what_was_written_is_read_back_to_the_last_byte(tmp_path: Path) -> None:
    Journal.begin(tmp_path, record(), [b"old"])
    journal = journal_of(tmp_path, "p1")
    assert journal.record() == record()
    assert journal.kinds() == [Kind.BEGIN]
    assert (journal.folder / "old-0").read_bytes() == b"old"


def test_backups_are_for_our_eyes_only(tmp_path: Path) -> None:
    folder = Journal.begin(tmp_path, record(), [b"old"]).folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert home(tmp_path).stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_backups_are_not_kept_in_a_strangers_folder(tmp_path: Path) -> None:
    os.chown(home(tmp_path), 1234, 1234)
    with pytest.raises(Failed, match="belongs to another user"):
        Journal.begin(tmp_path, record(), [b"old"])


def test_a_torn_line_was_not_written_and_the_next_one_is_whole(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path, record(), [b"old"])
    with (journal.folder / "journal.jsonl").open("ab") as file:
        file.write(b'{"at": "2026-01-02", "event": "do')
    assert journal.kinds() == [Kind.BEGIN]
    journal.mark(Kind.UNDONE)
    assert journal.kinds() == [Kind.BEGIN, Kind.UNDONE]


def test_a_line_that_makes_no_sense_is_passed_over(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path, record(), [b"old"])
    with (journal.folder / "journal.jsonl").open("ab") as file:
        file.write(b'\n[]\n{"event": "else"}\n\xff\n')
    journal.mark(Kind.DONE)
    assert journal.kinds() == [Kind.BEGIN, Kind.DONE]


def test_an_id_is_taken_once_but_for_one_that_never_began(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path, record(), [b"old"])
    with pytest.raises(Failed, match="a patch of this id was applied"):
        Journal.begin(tmp_path, record(), [b"other"])
    (journal.folder / "journal.jsonl").unlink()
    Journal.begin(tmp_path, record(), [b"other"])
    assert (journal.folder / "old-0").read_bytes() == b"other"


@pytest.mark.parametrize("patch", ["", "..", "a/b", "A", "-a", "a" * 41, "a.b", "a\n"])
def test_an_id_is_no_path(tmp_path: Path, patch: str) -> None:
    with pytest.raises(BadRequest):
        Journal.begin(tmp_path, record(patch), [None])
    with pytest.raises(BadRequest):
        journal_of(tmp_path, patch)


def test_a_journal_that_cannot_be_read_is_told_and_kept(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path, record(), [b"old"])
    (journal.folder / "plan.json").write_bytes(b"{")
    (undone,) = recover(tmp_path)
    assert "cannot read" in undone.left[0]
    assert [one.folder for one in journals(tmp_path)] == [journal.folder]


def test_where_nothing_was_ever_applied_there_is_nothing_to_recover(tmp_path: Path) -> None:
    assert journals(tmp_path) == []
    assert recover(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
