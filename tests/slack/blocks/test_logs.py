"""Log lines in one block, and helps."""

from __future__ import annotations

import pytest

from ghostbot.process.output import Line, Tail
from ghostbot.slack.blocks.logs import logs, tail_of
from tests.fakes.block_kit import assert_fits
from tests.fakes.hostile import HOSTILE


def tail(*lines: str) -> Tail:
    return Tail(tuple(Line(n, line) for n, line in enumerate(lines)))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_lines_break_nothing_and_ping_nobody(text: str) -> None:
    assert_fits(logs(text, tail(*[text] * 200), grep=text)[0])


def test_the_newest_lines_are_kept_and_the_others_counted() -> None:
    shown = str(assert_fits(logs("web", tail(*(f"{n} " + "x" * 200 for n in range(200))))[0]))
    assert "199 xxx" in shown
    assert "'0 xxx" not in shown
    assert "earlier ones do not fit" in shown


def test_a_log_without_lines_says_so() -> None:
    assert "no lines" in str(assert_fits(logs("web", Tail(()))[0]))


def test_what_does_not_fit_is_counted_in_lines() -> None:
    text, left = tail_of(["a" * 50] * 10, 200)
    assert left == 10 - len(text.split("\n"))
