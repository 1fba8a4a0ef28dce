"""Words that are safe to show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.slack.blocks.text import cut, duration, escape, typed, when


@given(st.text())
def test_nothing_that_is_escaped_is_markup(text: str) -> None:
    assert "<" not in escape(text)
    assert ">" not in escape(text)


@given(st.text(alphabet="ab<>&;", max_size=200), st.integers(40, 100))
def test_a_cut_is_never_too_long_and_never_cuts_an_entity(text: str, limit: int) -> None:
    shown = cut(escape(text), limit)
    assert len(shown) <= limit
    kept = shown.split(" … (")[0]
    assert typed(kept) in text


def test_a_cut_says_how_much_is_missing() -> None:
    assert cut("x" * 1_000, 100).endswith("(900 characters more)")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7_380, "2 h 3 min"), (190_000, "2 d 4 h")],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_an_instant_has_a_fallback_in_utc() -> None:
    assert when(0) == "<!date^0^{date_short_pretty} {time_secs}|1970-01-01 00:00:00 UTC>"


@given(st.text())
def test_what_slack_escaped_is_what_was_typed(text: str) -> None:
    sent = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert typed(sent) == text


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("restart <http://web.io|web.io>", "restart web.io"),
        ("logs web grep <https://a.b/c?d=1&amp;e>", "logs web grep https://a.b/c?d=1&e"),
        ("why <mailto:a@b.io|a@b.io>", "why a@b.io"),
        ("why &lt;http://x|y&gt;", "why <http://x|y>"),
        ("hold <@U0BOB> <#C1|web>", "hold <@U0BOB> <#C1|web>"),
    ],
)
def test_what_slack_made_a_link_of_is_what_was_typed(sent: str, meant: str) -> None:
    assert typed(sent) == meant
