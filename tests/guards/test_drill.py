"""Drills on a fake system, on a clock that jumps."""

from __future__ import annotations

import asyncio

import pytest

from ghostbot.core.daemon import Proc, State
from ghostbot.core.restart import After, Kind, Policy
from ghostbot.errors import Failed
from ghostbot.guards.drill import Drills
from ghostbot.orders import Doing, local
from tests.fakes.clock import run
from tests.fakes.kennel import Kennel, kennel, table

ADA = local("ada")


def drills(k: Kennel, told_s: float | None = 1.5) -> Drills:
    async def told(_name: str, since: float) -> float | None:
        return None if told_s is None else since + told_s

    def kill(proc: Proc) -> None:
        name = next(n for n, dog in k.dogs.items() if dog.daemon.proc == proc)
        k.runs.die(name, -9)

    return Drills(k.dogs, k.bus, told, kill=kill)


def test_each_step_is_timed_and_the_end_is_charged_to_nobody() -> None:
    async def main() -> None:
        policy = Policy(max_restarts=1)  # one death more would block it
        async with kennel(table("web", policy=policy)) as k:
            await k.until(lambda: k.state("web") is State.UP)
            for _ in range(3):
                report = await drills(k).drill("web")
                assert report.noticed_s is not None
                assert report.restarted_s is not None
                assert report.ready_s is not None
                assert report.noticed_s <= report.restarted_s <= report.ready_s
                assert report.told_s == 1.5
            d = k.dogs["web"].daemon
            assert (d.state, d.record.deaths, d.record.unforgiven) == (State.UP, (), 0)
            assert [e.why for e in d.exits] == ["killed by a drill"] * 3

    run(main())


def test_where_nobody_is_there_to_be_told_that_is_said() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            assert str(await drills(k, None).drill("web")).endswith(", not told")

    run(main())


def test_a_drill_after_which_nothing_comes_back_fails() -> None:
    async def main() -> None:
        async with kennel(table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP)
            k.runs.stubborn.add("web")
            k.dogs["web"].table = table("web", port=1)  # where nothing ever listens
            work = drills(k).work("web")
            with pytest.raises(Failed, match="web did not come back: noticed after"):
                await work(_Silent())  # type: ignore[arg-type]

    run(main())


class _Silent:
    def say(self, what: str) -> None:
        """Hear nothing."""


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (Policy(kind=Kind.ONESHOT), "it is not up but starting"),
        (Policy(restart=After.NEVER), "nothing would start it again"),
    ],
)
def test_who_would_not_come_back_is_not_drilled(policy: Policy, why: str) -> None:
    async def main() -> None:
        async with kennel(table("web", policy=policy, ready_after_s=0.0)) as k:
            await k.until(lambda: k.state("web") in (State.UP, State.STARTING))
            await asyncio.sleep(2)
            with pytest.raises(Failed, match=why):
                await drills(k).drill("web")
            assert k.dogs["web"].daemon.exits == ()

    run(main())


def test_what_is_held_or_blocked_is_not_drilled() -> None:
    async def main() -> None:
        policy = Policy(max_restarts=1)
        async with kennel(table("web"), table("db", policy=policy)) as k:
            await k.until(lambda: all(dog.daemon.state is State.UP for dog in k.dogs.values()))
            await k.ghost.order(Doing.HOLD, ["web"], ADA)
            with pytest.raises(Failed, match="a person holds it"):
                await drills(k).drill("web")
            k.runs.die("db")
            await k.until(lambda: k.state("db") is State.BLOCKED)
            with pytest.raises(Failed, match="its breaker is open"):
                await drills(k).drill("db")
            await k.until(lambda: k.state("db") is State.UP)  # half-open: not yet forgiven
            with pytest.raises(Failed, match="its breaker is open"):
                await drills(k).drill("db")

    run(main())
