"""What Ghost says of itself and of all daemons at once fits into Slack, whatever is in it."""

from __future__ import annotations

import pytest

from ghostbot.core.daemon import Daemon, Exit, Proc, State
from ghostbot.core.plan import Change, Plan
from ghostbot.core.snapshot import Part
from ghostbot.guards.tunnels import TunnelView
from ghostbot.orders import Outcome
from ghostbot.probes.finding import Finding
from ghostbot.process.sweep import Stray, Swept
from ghostbot.slack.blocks import own, records
from tests.fakes.block_kit import assert_fits
from tests.fakes.ghost import NOW, house, view
from tests.fakes.hostile import HOSTILE
from tests.fakes.itself import FakeItself, look

MANY, LONG = 120, 1_000


def tunnel(text: str) -> TunnelView:
    return TunnelView(
        name=text,
        state=State.UP,
        url=text,
        is_current=False,
        local=None,
        public=False,
        said=text,
        since=None,
        proved_at=None,
        age_s=None,
        reconnects=2,
        previous=(),
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("number", [1, MANY])
def test_hostile_words_and_great_numbers_break_nothing_and_ping_nobody(
    text: str, number: int
) -> None:
    number = number if len(text) < LONG else 1  # as many of the longest take a minute
    part = Part(text, "trouble", text, 3.0)
    assert_fits(own.health([part] * number))
    found = [look(text, Finding(ok=n % 2 == 0, said=text, took_s=0.1)) for n in range(number)]
    assert_fits(own.tested(found, [text] * number))
    plan = Plan(added=(text,) * number, restarted=(Change(text, (text,)),) * number)
    assert_fits(own.plan(plan, [text] * number))
    outcome = Outcome(text, ok=False, said=text, view=view("web"))
    assert_fits(own.reloaded(plan, [outcome] * number, "<@U1>"))
    assert_fits(own.mistakes([text] * number))
    stray = Stray(Proc(1, 2, "b"), text, text, 3.0, text)
    assert_fits(own.swept(Swept((stray,) * number), killed=False))
    assert_fits(records.tunnels([tunnel(text)] * number))
    daemon = Daemon(text, proc=Proc(1, 2, "b"), since=1.0, by=text, exits=(Exit(1, text, 1.0),))
    assert_fits(records.registry([daemon] * number, NOW))
    assert_fits(records.backoff([daemon] * number, 2.0))


def test_where_there_is_nothing_it_is_said() -> None:
    for message in (
        own.tested([], []),
        own.plan(Plan(), []),
        own.swept(Swept(()), killed=False),
        own.alerted(None),
        own.end(0),
        records.tunnels([]),
        records.registry([], 0.0),
        records.backoff([], 0.0),
        records.top(house(), None),
        records.top(house(view("web")), FakeItself().machine()),
    ):
        assert_fits(message)


def test_a_reload_that_changes_something_can_be_done_and_another_cannot() -> None:
    assert "Reload now" in str(assert_fits(own.plan(Plan(added=("db",)), [])))
    assert "Reload now" not in str(assert_fits(own.plan(Plan(), ["a warning"])))
    assert "a warning" in str(assert_fits(own.plan(Plan(), ["a warning"])))


def test_a_reload_that_goes_on_is_not_said_to_be_done() -> None:
    shown = own.reloaded(Plan(added=("db",)), (), "<@U1>", going_on=True)
    assert "is still reloading" in assert_fits(shown)["text"]


def test_top_begins_with_who_takes_most() -> None:
    views = [view(f"d{n}", cpu_percent=float(n), rss_bytes=2**20) for n in range(40)]
    shown = str(assert_fits(records.top(house(*views), None))["blocks"])
    assert shown.index("*d39*") < shown.index("*d38*")
    assert "25 more take less" in shown
