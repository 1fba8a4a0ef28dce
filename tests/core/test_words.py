"""What typed words mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.verbs import read
from ghostbot.core.words import LOG_LINES_MAX, Ask, Misheard, did_you_mean


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Ask("help")),
        ("  STATUS ", Ask("status")),
        ("status web db", Ask("status", ("web", "db"))),
        ("restart web", Ask("restart", ("web",))),
        ("stop all", Ask("stop", ("all",))),
        ("logs web", Ask("logs", ("web",))),
        ("logs web 50", Ask("logs", ("web",), lines=50)),
        ("logs web grep no such file", Ask("logs", ("web",), grep="no such file")),
        ("logs web 5 grep x", Ask("logs", ("web",), lines=5, grep="x")),
        ("logs web 999999999999", Ask("logs", ("web",), lines=LOG_LINES_MAX)),
        ("why web", Ask("why", ("web",))),
        ("hold web", Ask("hold", ("web",))),
        ("hold web db for 2h", Ask("hold", ("web", "db"), for_s=7200.0)),
        ("reset web", Ask("reset", ("web",))),
        ("help restart", Ask("help", ("restart",))),
        ("Restart", Ask("restart")),  # who names nobody is asked whom
        ("logs", Ask("logs")),
        ("silence", Ask("silence")),
    ],
)
def test_words_are_understood(text: str, meant: Ask) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("restrat web", "did you mean restart?"),
        ("frobnicate", "no such verb"),
        ("why web db", "write it as in `why NAME`"),
        ("install", "typed on the machine"),
        ("incidents now", "write it as in `incidents`"),
        ("hold for 2h", "cannot hold for"),
        ("hold web for ever", "cannot hold for “ever”"),
        ("hold web for 0s", "cannot hold"),
        ("logs web many", "“many” is no number"),
        ("logs web gerp x", "did you mean grep?"),
        ("reload nwo", "did you mean now?"),
        ("tasks cancle 1", "did you mean cancel?"),
        ("logs web -5", "“-5” is no number"),
        ("logs web ٣", "is no number"),  # an Arabic three is a digit to isdigit alone
        ("logs web 5 grep", "cannot read"),
    ],
)
def test_words_that_make_no_sense_are_answered_with_the_way_out(text: str, said: str) -> None:
    misheard = read(text)
    assert isinstance(misheard, Misheard)
    assert said in misheard.why


@given(st.text())
def test_no_text_whatever_is_too_much(text: str) -> None:
    assert isinstance(read(text), Ask | Misheard)


def test_nothing_near_means_no_suggestion() -> None:
    assert did_you_mean("zzz", ["web", "db"]) == ""
    assert did_you_mean("wbe", ["web", "db"]) == " (did you mean web?)"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("incidents", Ask("incidents")),
        ("ack 17", Ask("ack", ("17",))),
        ("silence web 1h", Ask("silence", ("web",), for_s=3600.0)),
        ("silence all OFF", Ask("silence", ("all",))),
    ],
)
def test_words_about_troubles_are_understood(text: str, meant: Ask) -> None:
    assert read(text) == meant


@pytest.mark.parametrize("text", ["ack", "ack 1 2", "silence web", "silence web soon"])
def test_words_about_troubles_that_make_no_sense_are_told_how_to_write_them(text: str) -> None:
    misheard = read(text)
    assert isinstance(misheard, Misheard)
    assert "as in `" in misheard.why
