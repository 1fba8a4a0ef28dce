"""What the chained log shows of those who write it together, of crashes, and of those who forge."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ghostbot.errors import Failed
from ghostbot.patches import chain
from ghostbot.patches.chain import HEAD, LOG, Link, append, entries, verify


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A log of five moves."""
    state = tmp_path / "state"
    for number in range(5):
        append(state, {"id": f"p{number}", "status": "applied"}, at=1_700_000_000.0 + number)
    return state


def rows(state: Path) -> list[bytes]:
    return (state / LOG).read_bytes().splitlines()


def write(state: Path, lines: list[bytes]) -> None:
    (state / LOG).write_bytes(b"".join(line + b"\n" for line in lines))


def test_each_line_names_the_one_before_and_a_whole_chain_is_whole(state: Path) -> None:
    told = list(entries(state))
    assert [one["seq"] for one in told] == [1, 2, 3, 4, 5]
    assert told[0]["prev"] == "0" * 64
    assert told[1]["prev"] == hashlib.sha256(rows(state)[0]).hexdigest()
    assert told[0]["at"] == "2023-11-14T22:13:20.000Z"
    found = verify(state)
    assert found.is_whole
    assert found.count == 5
    assert found.head == Link(5, hashlib.sha256(rows(state)[-1]).hexdigest())
    assert (state / LOG).stat().st_mode & 0o777 == 0o600


def test_where_there_is_no_log_there_is_nothing_wrong(tmp_path: Path) -> None:
    assert verify(tmp_path / "none").is_whole
    assert not (tmp_path / "none").exists()


def test_a_caller_cannot_say_the_links_itself_and_long_words_are_cut(state: Path) -> None:
    append(state, {"seq": 99, "prev": "x", "reason": "y" * 9000, "path": "\udcff\n"})
    assert verify(state).is_whole
    *_, last = entries(state)
    assert last["seq"] == 6
    assert len(last["reason"]) == chain.WORD_MOST + 1
    assert last["path"] == "\udcff\n"


Forge = Callable[[list[bytes]], list[bytes]]

FORGED: dict[str, tuple[Forge, str]] = {
    "a flipped byte": (
        lambda lines: [*lines[:2], lines[2].replace(b"applied", b"applief"), *lines[3:]],
        "not the one that stood there",
    ),
    "a flipped byte in the last line": (
        lambda lines: [*lines[:4], lines[4].replace(b"p4", b"p5")],
        "is not the line that the link beside it names",
    ),
    "a removed line": (lambda lines: [*lines[:2], *lines[3:]], "lines are missing"),
    "a removed first line": (lambda lines: lines[1:], "number 2, and 1 was due"),
    "two lines in each other's place": (
        lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
        "number 3, and 2 was due",
    ),
    "a doubled line": (lambda lines: [*lines[:3], lines[2], *lines[3:]], "moved or doubled"),
    "a cut tail": (lambda lines: lines[:3], "the end was cut off"),
    "all of it cut": (lambda _: [], "the end was cut off"),
    "a line that is no line any more": (
        lambda lines: [*lines[:2], b"{" + lines[2], *lines[3:]],
        "number 4, and 3 was due",
    ),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("later", [0, 1, 3])
def test_what_was_forged_is_found_and_no_later_line_covers_it_up(
    state: Path, forge: tuple[Forge, str], later: int
) -> None:
    write(state, forge[0](rows(state)))
    for number in range(later):
        append(state, {"id": f"later{number}"})
    found = verify(state)
    assert not found.is_whole
    if later == 0:
        assert any(forge[1] in fault.said for fault in found.faults), found.faults
    assert verify(state).faults == found.faults, "a look changes nothing"


def test_a_log_that_was_removed_with_its_link_is_missed_by_who_knows_a_link(state: Path) -> None:
    known = verify(state).head
    assert known is not None
    (state / LOG).unlink()
    (state / HEAD).unlink()
    append(state, {"id": "fresh"})
    assert verify(state).is_whole, "nothing on this disk shows it"
    assert not verify(state, known).is_whole
    assert not verify(state, Link(1, known.sha256)).is_whole


def test_a_link_beside_it_that_is_gone_is_told(state: Path) -> None:
    (state / HEAD).unlink()
    (fault,) = verify(state).faults
    assert "is gone" in fault.said


def test_a_crash_between_the_line_and_its_link_is_no_fault(state: Path) -> None:
    before = (state / HEAD).read_bytes()
    append(state, {"id": "p5"})
    (state / HEAD).write_bytes(before)
    assert verify(state).is_whole
    append(state, {"id": "p6"})
    assert verify(state).is_whole
    assert [one["seq"] for one in entries(state)] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("kept", [1, 20, -2])
def test_a_torn_last_line_is_told_and_breaks_nothing(state: Path, kept: int) -> None:
    before = (state / HEAD).read_bytes()
    whole = (state / LOG).read_bytes()
    append(state, {"id": "torn"})
    torn = (state / LOG).read_bytes()[len(whole) :]
    (state / LOG).write_bytes(whole + torn[:kept])
    (state / HEAD).write_bytes(before)
    assert verify(state).torn == (6,)
    assert verify(state).is_whole
    append(state, {"id": "p5"})
    found = verify(state)
    assert found.is_whole, found.faults
    assert found.torn == (6,)
    assert found.count == 6
    assert [one["id"] for one in entries(state)][-2:] == ["p4", "p5"]


def test_a_line_that_lost_but_its_end_is_whole(state: Path) -> None:
    (state / LOG).write_bytes((state / LOG).read_bytes()[:-1])
    assert verify(state).is_whole
    append(state, {"id": "p5"})
    assert verify(state).is_whole
    assert verify(state).count == 6


WRITER = """
import sys
from pathlib import Path
from ghostbot.patches.chain import append
for number in range(40):
    append(Path(sys.argv[1]), {"id": f"{sys.argv[2]}-{number}", "reason": "x" * 900})
"""


def test_two_writers_make_one_chain(tmp_path: Path) -> None:
    state = tmp_path / "state"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, state, name], env=environ)
        for name in ("cli", "ghost")
    ]
    assert [writer.wait(timeout=50) for writer in writers] == [0, 0]
    found = verify(state)
    assert found.is_whole, found.faults
    assert found.count == 80
    for name in ("cli", "ghost"):
        mine = [one["id"] for one in entries(state) if one["id"].startswith(name)]
        assert mine == [f"{name}-{number}" for number in range(40)]


def test_a_writer_that_never_lets_go_holds_nobody_up_for_ever(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "PATIENCE_S", 0.05)
    with chain._locked(state), pytest.raises(Failed, match="another process holds it"):
        append(state, {"id": "p9"})
    append(state, {"id": "p9"})
    assert verify(state).is_whole


def test_a_link_in_place_of_the_log_is_not_followed(state: Path, tmp_path: Path) -> None:
    (state / LOG).rename(tmp_path / "elsewhere")
    (state / LOG).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        append(state, {"id": "p9"})


def test_lines_longer_than_a_block_are_found_from_behind(state: Path) -> None:
    append(state, {f"key{number}": "z" * 1900 for number in range(60)})
    append(state, {"id": "after"})
    assert len(max(rows(state), key=len)) > chain.BLOCK
    assert verify(state).is_whole
    assert json.loads(rows(state)[-1])["seq"] == 7
