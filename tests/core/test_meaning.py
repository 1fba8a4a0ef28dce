"""Ends in words."""

from __future__ import annotations

from signal import Signals

from ghostbot.core.daemon import in_words
from ghostbot.core.meaning import ENDS, meaning


def test_each_end_that_is_explained_is_one_that_ghost_says() -> None:
    said = {in_words(code) for code in range(256)} | {in_words(-s) for s in Signals}
    assert ENDS.keys() <= said


def test_what_is_a_programs_own_matter_is_not_explained() -> None:
    assert meaning("exited 3") is None
    assert meaning("killed by SIGKILL") == "by somebody, or by the kernel as memory ran out"
