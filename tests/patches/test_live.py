"""The bridge from the thread that carries a patch out to the house on the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from ghostbot.core.daemon import Wanted
from ghostbot.core.proposal import CheckLine
from ghostbot.core.snapshot import DaemonView
from ghostbot.errors import NoSuch
from ghostbot.orders import Doing, Outcome, Outcomes, local
from ghostbot.patches.checks import Interrupted
from ghostbot.patches.live import House, live

ALICE = local("alice")


@dataclass
class View:
    """As much of a daemon as is looked at."""

    name: str
    wanted: Wanted = Wanted.UP
    word: str = "up"
    health: str | None = None
    pid: int | None = 42


class Kept:
    """A house in memory: `comes` says what becomes of each restart."""

    def __init__(self, *views: View, comes: Callable[[], Awaitable[None]] | None = None) -> None:
        self.views = {view.name: view for view in views}
        self.comes = comes
        self.restarted: list[tuple[str, ...]] = []
        self.ok = True
        self.cancelled = asyncio.Event()

    def names(self, asked: Iterable[str], verb: str = "show") -> tuple[str, ...]:
        for name in asked:
            if name not in self.views:
                raise NoSuch(f"cannot {verb} {name}: no such daemon")
        return tuple(asked)

    def daemon(self, name: str) -> DaemonView:
        return self.views[name]  # type: ignore[return-value]

    async def through(self, doing: Doing, asked: Iterable[str], actor: Any) -> Outcomes:
        names = tuple(asked)
        assert (doing, actor) == (Doing.RESTART, ALICE)
        self.restarted.append(names)
        if self.comes is not None:
            try:
                await self.comes()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        said = "is up" if self.ok else "did not start: ended with 1"
        return tuple(Outcome(n, ok=self.ok, said=said, view=self.daemon(n)) for n in names)


async def asked(house: Kept, *names: str, **how: Any) -> tuple[CheckLine, ...]:
    """Ask from a thread, as carrying does."""
    checked: House = house
    stop = how.pop("stop", threading.Event())
    loop = asyncio.get_running_loop()
    return await asyncio.to_thread(live(checked, names, ALICE, loop=loop, stop=stop, **how))


async def test_all_are_restarted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    house = Kept(View("web"), View("worker"))
    lines = await asked(house, "web", "worker")
    assert house.restarted == [("web", "worker")]
    assert [(line.name, line.ok, line.said) for line in lines] == [
        ("restart web", True, "web is up"),
        ("restart worker", True, "worker is up"),
    ]
    assert not caplog.records


async def test_no_names_ask_nothing() -> None:
    house = Kept()
    assert await asked(house) == ()
    assert house.restarted == []


@pytest.mark.parametrize("wanted", [Wanted.DOWN, Wanted.HELD])
async def test_what_a_person_stopped_or_holds_is_left_so(wanted: Wanted) -> None:
    house = Kept(View("web"), View("old", wanted=wanted, word="held", pid=None))
    lines = await asked(house, "old", "web")
    assert house.restarted == [("web",)]
    assert [(line.name, line.ok) for line in lines] == [
        ("restart old", True),
        ("restart web", True),
    ]
    assert lines[0].said == "old is held, and left so"


async def test_one_that_does_not_come_up_is_a_failure() -> None:
    house = Kept(View("web"))
    house.ok = False
    (line,) = await asked(house, "web")
    assert not line.ok
    assert line.said == "web did not start: ended with 1"


@pytest.mark.parametrize(
    "view", [View("web", health="sick"), View("web", pid=None, word="backoff")]
)
async def test_one_that_was_ready_and_is_not_any_more_is_a_failure(view: View) -> None:
    (line,) = await asked(Kept(view), "web")
    assert not line.ok
    assert line.said == f"web was ready, and is {view.word} now"


async def test_a_oneshot_that_is_done_is_well() -> None:
    (line,) = await asked(Kept(View("job", pid=None, word="done")), "job")
    assert line.ok


async def test_a_name_that_is_none_is_a_failure_in_words() -> None:
    (line,) = await asked(Kept(), "wbe")
    assert not line.ok
    assert "no such daemon" in line.said


async def test_who_does_not_become_ready_in_time_is_a_failure() -> None:
    house = Kept(View("web"), comes=lambda: asyncio.sleep(3600))
    (line,) = await asked(house, "web", limit_s=0.05)
    assert not line.ok
    assert "not all of them are ready after 0.05 s" in line.said
    assert house.cancelled.is_set()


async def test_where_ghost_ends_nobody_waits_on() -> None:
    stop = threading.Event()
    began = asyncio.Event()

    async def comes() -> None:
        began.set()
        await asyncio.sleep(3600)

    house = Kept(View("web"), comes=comes)
    asking = asyncio.ensure_future(asked(house, "web", stop=stop))
    await began.wait()
    stop.set()
    with pytest.raises(Interrupted):
        await asking
    async with asyncio.timeout(5):
        await house.cancelled.wait()
    with pytest.raises(Interrupted):
        await asked(house, "web", stop=stop)
    assert len(house.restarted) == 1


def test_a_loop_that_has_ended_is_ghosts_end() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    house: Any = SimpleNamespace()
    with pytest.raises(Interrupted):
        live(house, ("web",), ALICE, loop=loop, stop=threading.Event())()
