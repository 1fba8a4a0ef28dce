"""Who may knock how often, whatever they name and wherever they come from."""

from __future__ import annotations

from ghostbot.core.bucket import Rate
from ghostbot.web import gate as gates
from ghostbot.web.gate import Gate
from tests.fakes.deliveries import source


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_source_may_be_knocked_at_ten_times_as_often_as_it_may_deliver() -> None:
    clock = Clock()
    gate, busy = Gate(clock), source(rate=Rate(20, 60.0))
    waits = [gate.knock(busy, f"10.0.0.{n}") for n in range(250)]
    assert waits.count(0) == 200
    assert all(1 <= wait <= 1 for wait in waits if wait)
    clock.now += 60
    assert gate.knock(busy, "10.0.0.1") == 0


def test_a_quiet_source_may_be_knocked_at_sixty_times_a_minute_all_the_same() -> None:
    gate, rare = Gate(Clock()), source(rate=Rate(1, 86_400.0))
    assert [gate.knock(rare, "a") for _ in range(61)].count(0) == 60
    assert gate.deliver(rare) == 0
    assert gate.deliver(rare) == 86_400


def test_names_that_are_none_share_one_count() -> None:
    gate = Gate(Clock())
    assert [gate.knock(None, f"10.0.0.{n}") for n in range(150)].count(0) == 100
    assert gate.knock(source(), "10.0.0.1") == 0


def test_one_address_cannot_use_up_all_sources() -> None:
    gate, sources = Gate(Clock()), [source(f"s{n}") for n in range(100)]
    waits = [gate.knock(one, "10.0.0.1") for one in sources * 10]
    assert waits.count(0) == 600
    assert gate.knock(sources[0], "10.0.0.2") == 0


def test_a_million_addresses_take_no_more_room_than_ten_thousand() -> None:
    clock = Clock()
    gate, one = Gate(clock), source(rate=Rate(1_000_000, 1.0))
    for n in range(30_000):
        gate.knock(one, str(n))
        assert len(gate._addresses) <= gates.ADDRESSES_MOST
    clock.now += 3_600
    gate.knock(one, "last")
    while len(gate._addresses) < gates.ADDRESSES_MOST:
        gate.knock(one, f"more-{len(gate._addresses)}")
    gate.knock(one, "and one")
    assert len(gate._addresses) <= gates.ADDRESSES_MOST // 2 + 1
