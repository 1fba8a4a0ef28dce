"""Gates that follow when who comes after whom has changed."""

from __future__ import annotations

from ghostbot.core.daemon import State, Unspawned
from tests.fakes.clock import run
from tests.fakes.kennel import kennel, table


def test_a_daemon_that_no_longer_comes_after_another_waits_no_longer() -> None:
    async def main() -> None:
        async with kennel(table("db"), table("web", after=("db",))) as k:
            k.runs.refuse["db"] = Unspawned("no such file", own=False)
            await k.until(lambda: k.state("web") is State.WAITING)
            k.dogs["web"].describe(table("web"))
            k.lifecycle.rewire()
            await k.until(lambda: k.state("web") is State.UP)

    run(main())


def test_a_daemon_that_comes_after_another_from_now_on_waits_for_it_at_its_next_start() -> None:
    async def main() -> None:
        async with kennel(table("db"), table("web")) as k:
            await k.until(lambda: k.state("web") is State.UP and k.state("db") is State.UP)
            k.dogs["web"].describe(table("web", after=("db",)))
            k.lifecycle.rewire()
            k.runs.refuse["db"] = Unspawned("no such file", own=False)
            k.runs.die("db")
            await k.until(lambda: k.state("db") is State.BLOCKED)
            assert k.state("web") is State.UP  # a running daemon is not touched
            k.runs.die("web")
            await k.until(lambda: k.state("web") is State.WAITING)
            del k.runs.refuse["db"]
            await k.until(lambda: k.state("web") is State.UP)
            assert k.state("db") is State.UP

    run(main())
