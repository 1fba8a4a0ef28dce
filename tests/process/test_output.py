"""Logs may hold anything; what comes out is lines that anyone can bear."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.process import output
from ghostbot.process.cutting import Limits
from ghostbot.process.output import Follower, Line, plain, tail
from ghostbot.process.tape import Tape


def tape(path: Path) -> Tape:
    return Tape(path, Limits())


def texts(path: Path, lines: int, grep: str | None = None) -> list[str]:
    return [line.text for line in tail(tape(path), lines, grep).lines]


class Held:
    """A log in memory, of which what is in `gone` cannot be read any more."""

    def __init__(self, data: bytes, gone: range = range(0)) -> None:
        self.data, self.gone = data, gone

    def ends(self) -> tuple[int, int]:
        return 0, len(self.data)

    def after(self, offset: int, size: int) -> tuple[int, bytes]:
        at = min(self.gone.stop if offset in self.gone else offset, len(self.data))
        end = min(at + size, self.gone.start) if at < self.gone.start else at + size
        return at, self.data[at:end]

    def before(self, end: int, size: int) -> tuple[int, bytes]:
        end = self.gone.start if self.gone and end - 1 in self.gone else end
        at = max(0, end - size)
        at = max(at, self.gone.stop) if end > self.gone.stop else at
        return at, self.data[at:end]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"\na\n\nb", ["", "a", "", "b"]),
        (b"a\nb\nc\n", ["a", "b", "c"]),
    ],
)
def test_small_logs(tmp_path: Path, data: bytes, lines: list[str]) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    assert texts(path, 10) == lines
    assert texts(path, 2) == lines[-2:]
    assert texts(path, 0) == []


def test_a_log_that_is_not_there_is_an_empty_one(tmp_path: Path) -> None:
    assert tail(tape(tmp_path / "none"), 10) == output.Tail(())
    assert Follower(tape(tmp_path / "none"), 0).poll() == []


@given(
    st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), max_size=30),
    st.integers(1, 12),
    st.integers(0, 40),
)
def test_backwards_reading_finds_the_same_lines_as_forwards(
    lines: list[bytes], block: int, wanted: int
) -> None:
    data = b"".join(line + b"\n" for line in lines)
    was, output.BLOCK = output.BLOCK, block
    try:
        got = tail(Held(data), wanted).lines
    finally:
        output.BLOCK = was
    offsets = [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
    every = [output.line_of(at, line) for at, line in zip(offsets, lines, strict=True)]
    assert list(got) == every[len(every) - min(wanted, len(every)) :]


@given(st.binary(max_size=300))
def test_any_bytes_come_out_as_one_line_of_plain_text(raw: bytes) -> None:
    text = plain(raw.replace(b"\n", b""))
    assert len(text.splitlines()) <= 1
    assert all(c == "\t" or c >= " " for c in text)
    assert "\x7f" not in text
    json.dumps(text).encode("utf-8")
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b[31mred\x1b[0m \x1b]0;title\x07end", "red end"),
        (b"10%\r50%\r100%\r\n", "100%"),
        (b"a\x00b\xff", "a�b�"),
        (b"tab\there", "tab\there"),
    ],
)
def test_what_terminals_would_act_on_is_taken_out(raw: bytes, text: str) -> None:
    assert plain(raw) == text


def test_a_line_of_ten_megabytes_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"before\n" + b"x" * 10_000_000 + b"\nafter\n")
    before, long, after = tail(tape(path), 5).lines
    assert (before.text, after.text) == ("before", "after")
    assert (len(long.text), long.cut, long.offset) == (output.LINE_MAX, True, 7)
    follower = Follower(tape(path), 0)
    seen: list[Line] = []
    while got := follower.poll(1_000_000):
        seen += got
        if seen[-1].text == "after":
            break
    while len(seen) < 3:
        seen += follower.poll(1_000_000)
    assert [(line.offset, line.cut) for line in seen] == [
        (line.offset, line.cut) for line in (before, long, after)
    ]


def test_a_log_of_gigabytes_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.truncate(8_000_000_000)  # a hole: one line of NUL
        file.seek(0, 2)
        file.write(b"\nlast\n")
    began = time.perf_counter()
    lines = tail(tape(path), 5).lines
    assert time.perf_counter() - began < 5
    assert lines[-1].text == "last"
    assert lines[0].cut
    assert not tail(tape(path), 5, "not there").searched_all


def test_grep_is_literal_and_finds_words_between_escapes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a.c\nabc\n\x1b[1ma.\x1b[0mc\n")
    assert texts(path, 10, "a.c") == ["a.c", "a.c"]
    assert texts(path, 1, "abc") == ["abc"]


def test_a_follower_gives_each_line_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"old\n")
    follower = Follower(tape(path), path.stat().st_size)
    with path.open("ab", buffering=0) as log:
        assert follower.poll() == []
        log.write(b"one\ntw")
        assert follower.poll() == [Line(4, "one")]
        assert follower.poll() == []
        log.write(b"o\n\nthree\n")
        assert follower.poll() == [Line(8, "two"), Line(12, ""), Line(13, "three")]
    path.write_bytes(b"new\n")
    assert follower.poll() == [Line(19, "new")]


def test_what_is_gone_from_the_middle_ends_a_line_on_both_sides() -> None:
    held = Held(b"one\ntwo\nthree\nfour\n", range(6, 10))
    found = [Line(0, "one"), Line(4, "tw"), Line(10, "ree"), Line(14, "four")]
    assert list(tail(held, 10).lines) == found
    follower = Follower(held, 0)
    assert [line for _ in range(4) for line in follower.poll()] == found
