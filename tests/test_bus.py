"""The bus never waits for a listener."""

from __future__ import annotations

from ghostbot.bus import FEED_LENGTH, Bus, Turned
from ghostbot.core.daemon import Daemon, Elapsed


async def test_a_slow_listener_loses_the_oldest_and_is_told_so() -> None:
    bus, d = Bus(), Daemon("web")
    with bus.listen() as slow, bus.listen() as other:
        for n in range(FEED_LENGTH + 5):
            bus.publish(Turned(d, d, Elapsed(), n))
        assert slow.lagged
        assert (await slow.get()).at == 5
        assert (await other.get()).at == 5


async def test_who_no_longer_listens_is_told_nothing() -> None:
    bus, d = Bus(), Daemon("web")
    with bus.listen() as feed:
        pass
    bus.publish(Turned(d, d, Elapsed(), 1))
    assert not feed.lagged
    with bus.listen() as again:
        bus.publish(Turned(d, d, Elapsed(), 2))
        assert (await again.get()).at == 2
