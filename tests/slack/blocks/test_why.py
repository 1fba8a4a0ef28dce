"""Why a daemon is as it is, in blocks."""

from __future__ import annotations

import pytest

from ghostbot.core.daemon import EXITS_KEPT, Daemon, Exit, State
from ghostbot.core.why import Explained
from ghostbot.core.why import why as explain
from ghostbot.slack.blocks.why import why
from tests.fakes.block_kit import assert_fits
from tests.fakes.ghost import NOW, view
from tests.fakes.hostile import HOSTILE


def told(text: str) -> Explained:
    exits = tuple(Exit(None, text, float(n)) for n in range(EXITS_KEPT))
    d = Daemon(text, state=State.BLOCKED, fault=text, gate=(text,), by=text, exits=exits)
    return Explained(view(text, word=text), d, explain(d, 99.0), NOW, (text,) * 10)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_break_nothing_and_ping_nobody(text: str) -> None:
    assert_fits(why(told(text)))


def test_what_happened_stands_above_what_comes_next() -> None:
    shown = str(assert_fits(why(told("web"))))
    assert (
        shown.index("it has been blocked for") < shown.index("*Next:*") < shown.index("last exits")
    )
