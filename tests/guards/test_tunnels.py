"""The address book: who learns an address, when, how often, and who waits for one."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import pytest

from ghostbot.bus import Bus
from ghostbot.config.model import CheckTable, DaemonTable, ProbeKind, ProbeTable
from ghostbot.core.daemon import State
from ghostbot.core.incident import About, Phase, Told
from ghostbot.core.restart import TUNNEL_RESTARTS, TUNNEL_STABLE_S, Kind, Policy
from ghostbot.guards.drift import Drift
from ghostbot.guards.sentinel import Sentinel
from ghostbot.guards.tunnels import HURRIES, Tunnels
from ghostbot.orders import Doing, local
from ghostbot.probes.finding import Finding
from ghostbot.process.addresses import Address
from tests.fakes.clock import run
from tests.fakes.kennel import Addresses, Kennel, kennel, table

ONE, TWO = "https://one.example", "https://two.example"
POLICY = Policy(kind=Kind.TUNNEL, slow_restarts=TUNNEL_RESTARTS, stable_after_s=TUNNEL_STABLE_S)
AGENT = "http://127.0.0.1:4040"
USES = {"PUBLIC": "${tunnel.ngrok.url}/hook"}


def tunnel(every_s: float = 60, url: str = AGENT, **more: Any) -> DaemonTable:
    probe = ProbeTable(kind=ProbeKind.TUNNEL, label="tunnel", url=url, every_s=every_s)
    return table("ngrok", policy=POLICY, probes=(probe,), **more)


def well(k: Kennel, url: str | None = ONE, *, ok: bool | None = True) -> None:
    """Have looks find this from now on."""
    k.world.ok["ngrok", "tunnel"] = ok
    k.world.urls.pop("ngrok", None)
    if url is not None:
        k.world.urls["ngrok"] = url


def is_up(k: Kennel, *names: str) -> bool:
    return all(k.state(name) is State.UP for name in names)


async def told(bus: Bus, within_s: float = 300) -> list[Told]:
    """Return what is told about tunnels."""
    found: list[Told] = []
    try:
        async with asyncio.timeout(within_s):
            while True:
                found += await bus.told()
    except TimeoutError:
        return found


# Who waits.


def test_who_needs_an_address_waits_for_it_and_starts_within_a_second() -> None:
    async def main() -> None:
        bot = table("bot", command=("bot", "--at=${tunnel.ngrok.url}/x"), env=USES)
        async with kennel(bot, tunnel(), addresses=Addresses(), sentinel=True) as k:
            well(k, None, ok=None)
            await asyncio.sleep(20)
            assert k.state("bot") is State.WAITING
            assert k.dogs["bot"].daemon.gate == ("the address of ngrok",)
            well(k)
            began = asyncio.get_running_loop().time()
            await k.until(lambda: "bot" in k.runs.tables)
            learnt = k.world.times("ngrok", "tunnel")[-1]
            assert learnt - began <= 1.1
            assert asyncio.get_running_loop().time() - learnt < 1
            started = k.runs.tables["bot"]
            assert started.command == ("bot", f"--at={ONE}/x")
            assert started.env == {"PUBLIC": f"{ONE}/hook"}
            assert k.dogs["bot"].table.env == USES
            assert k.dogs["bot"].daemon.record.unforgiven == 0

    run(main())


def test_an_address_that_is_named_and_dead_is_none() -> None:
    async def main() -> None:
        async with kennel(table("bot", env=USES), tunnel(), addresses=Addresses()) as k:
            well(k, ONE, ok=False)
            await asyncio.sleep(20)
            assert k.tunnels.address("ngrok") is None
            assert k.runs.spawns == ["ngrok"]

    run(main())


def test_one_that_cannot_be_asked_is_taken_as_it_is_named() -> None:
    async def main() -> None:
        async with kennel(tunnel(), addresses=Addresses()) as k:
            well(k, "tcp://1.tcp.example:22", ok=None)
            await asyncio.sleep(2)
            assert k.tunnels.address("ngrok") == "tcp://1.tcp.example:22"

    run(main())


def test_the_address_of_an_earlier_process_is_not_given_out() -> None:
    async def main() -> None:
        async with kennel(tunnel(), table("bot", env=USES), addresses=Addresses()) as k:
            well(k)
            await k.until(lambda: is_up(k, "ngrok", "bot"))
            well(k, None, ok=None)
            k.runs.die("ngrok")
            k.runs.die("bot")
            await asyncio.sleep(10)
            assert k.state("bot") is State.WAITING
            assert (k.tunnels.address("ngrok"), k.tunnels.last("ngrok")) == (None, ONE)
            well(k, TWO)
            await k.until(lambda: is_up(k, "bot"))
            assert k.runs.tables["bot"].env == {"PUBLIC": f"{TWO}/hook"}

    run(main())


def test_an_address_in_the_file_itself_is_known_before_the_tunnel_is_up() -> None:
    async def main() -> None:
        fixed = tunnel(url=ONE, autostart=False)
        async with kennel(fixed, table("bot", env=USES), addresses=Addresses()) as k:
            await k.until(lambda: is_up(k, "bot"))
            assert k.runs.tables["bot"].env == {"PUBLIC": f"{ONE}/hook"}
            assert k.runs.spawns == ["bot"]

    run(main())


def test_whoever_waits_has_an_adopted_tunnel_looked_at_out_of_turn() -> None:
    async def main() -> None:
        lone = table("bot", env=USES, autostart=False)
        async with kennel(tunnel(every_s=600), lone, addresses=Addresses()) as k:
            well(k, None)  # its address was lost with the file
            await k.until(lambda: is_up(k, "ngrok"))
            await asyncio.sleep(5)
            well(k)
            before = asyncio.get_running_loop().time()
            await k.ghost.order(Doing.START, ["bot"], local("ada"))
            await k.until(lambda: is_up(k, "bot"))
            assert asyncio.get_running_loop().time() - before < 3

    run(main())


def test_waiting_for_an_address_is_no_trouble_of_ghosts_own() -> None:
    async def main() -> None:
        async with kennel(table("bot", env=USES), tunnel(), addresses=Addresses()) as k:
            said: list[str | None] = []
            looking = asyncio.create_task(Sentinel(k.dogs, k.bus, said.append).run())
            well(k, None, ok=None)
            await asyncio.sleep(20)
            assert k.state("bot") is State.WAITING
            assert set(said) == {None}
            assert k.runs.spawns == ["ngrok"]
            looking.cancel()

    run(main())


# What is told.


def test_a_changed_address_is_told_once_and_the_old_one_is_called_dead() -> None:
    async def main() -> None:
        async with kennel(tunnel(every_s=15), addresses=Addresses()) as k:
            well(k)
            await k.until(lambda: is_up(k, "ngrok"))
            assert await told(k.bus, 100) == []  # the first is no change
            well(k, TWO)
            (one,) = await told(k.bus, 3600)
            assert one.line == f"the address is {TWO} now; {ONE} is dead"
            assert (one.subject.about, one.subject.name) == (About.TUNNEL, "ngrok")
            assert one.phase is Phase.CHANGED
            (view,) = k.tunnels.all()
            assert (view.url, view.previous, view.is_current) == (TWO, (ONE,), True)

    run(main())


def test_an_address_that_its_agent_names_anew_is_told_within_ten_seconds() -> None:
    async def main() -> None:
        async with kennel(tunnel(every_s=600), addresses=Addresses()) as k:
            agent = ONE

            async def ask(at: str) -> str:
                assert at == AGENT
                return agent

            k.tunnels.ask = ask
            well(k)
            await k.until(lambda: is_up(k, "ngrok"))
            await asyncio.sleep(100)
            agent = TWO
            well(k, TWO)
            began = asyncio.get_running_loop().time()
            (one,) = await told(k.bus, 10)
            assert one.at - began < 10
            assert TWO in (one.line or "")

    run(main())


def test_an_agent_that_names_what_nobody_can_reach_is_not_looked_at_without_end() -> None:
    async def main() -> None:
        async with kennel(tunnel(every_s=3600), addresses=Addresses()) as k:

            async def ask(_: str) -> str:
                return TWO

            k.tunnels.ask = ask
            well(k)
            await k.until(lambda: is_up(k, "ngrok"))
            await asyncio.sleep(600)
            before = len(k.world.times("ngrok", "tunnel"))
            await asyncio.sleep(600)
            assert len(k.world.times("ngrok", "tunnel")) - before <= HURRIES
            assert k.runs.spawns == ["ngrok"]

    run(main())


def test_what_answers_and_is_no_agent_is_asked_once_a_life() -> None:
    async def main() -> None:
        async with kennel(tunnel(), addresses=Addresses()) as k:
            asked: list[str] = []

            async def ask(at: str) -> None:
                asked.append(at)

            k.tunnels.ask = ask
            well(k)
            await asyncio.sleep(100)
            assert len(asked) == 1
            k.runs.die("ngrok")
            await asyncio.sleep(100)
            assert len(asked) == 2

    run(main())


def test_the_next_ghost_tells_no_address_anew_that_has_not_changed() -> None:
    file = Addresses()

    async def first() -> None:
        async with kennel(tunnel(), addresses=file) as k:
            well(k)
            await k.until(lambda: is_up(k, "ngrok"))
            await asyncio.sleep(70)
            well(k, TWO)
            assert len(await told(k.bus)) == 1

    async def later() -> None:
        await asyncio.sleep(5000)
        async with kennel(tunnel(), addresses=file) as k:
            well(k, TWO)
            await k.until(lambda: is_up(k, "ngrok"))
            assert await told(k.bus) == []
            assert k.tunnels.all()[0].previous == (ONE,)

    run(first())
    assert file.kept["ngrok"].url == TWO
    run(later())


def test_a_change_that_a_ghost_may_have_died_of_telling_is_told_by_the_next() -> None:
    file = Addresses({"ngrok": Address("ngrok", TWO, since=0, proved_at=0, previous=(ONE,))})

    async def main() -> None:
        async with kennel(tunnel(), addresses=file) as k:
            well(k, TWO)
            (one,) = await told(k.bus, 1)
            assert (one.line, one.at) == (f"the address is {TWO} now; {ONE} is dead", 0)

    run(main())


# Who is told of it by a restart, and who is not.


def test_only_who_says_restart_with_is_restarted_for_a_new_address() -> None:
    async def main() -> None:
        eager = table("eager", env=USES, restart_with=True, after=("ngrok",))
        calm = table("calm", env=USES)
        other = table("other", restart_with=True)
        async with kennel(tunnel(), eager, calm, other, addresses=Addresses()) as k:
            well(k)
            await k.until(lambda: is_up(k, *k.dogs))
            well(k, TWO)
            await asyncio.sleep(120)
            assert sorted(k.runs.spawns) == ["calm", "eager", "eager", "ngrok", "other"]
            assert k.runs.tables["eager"].env == {"PUBLIC": f"{TWO}/hook"}
            assert k.dogs["eager"].daemon.last_exit is not None
            assert k.dogs["eager"].daemon.last_exit.why == "the address of ngrok changed"

    run(main())


def test_who_runs_with_an_old_address_has_drifted() -> None:
    async def main() -> None:
        async with kennel(tunnel(), table("calm", env=USES), addresses=Addresses()) as k:
            well(k)
            await k.until(lambda: is_up(k, *k.dogs))
            drift = Drift(k.dogs, "x/", k.troubles.teller, k.tunnels.settled)
            assert drift._settled(k.dogs["calm"].table) == k.runs.tables["calm"]
            well(k, TWO)
            await asyncio.sleep(120)
            now = drift._settled(k.dogs["calm"].table)
            assert now == replace(k.runs.tables["calm"], env={"PUBLIC": f"{TWO}/hook"})

    run(main())


# How often a tunnel connects.


@pytest.mark.parametrize("every_s", [5, 15, 60, 240])
@pytest.mark.parametrize("ready", [True, False])
def test_a_tunnel_that_stays_sick_connects_ever_more_rarely(every_s: float, ready: bool) -> None:
    async def main() -> None:
        async with kennel(tunnel(every_s=every_s), addresses=Addresses()) as k:
            starts: list[float] = []
            spawn, loop = k.runs.spawn, asyncio.get_running_loop()

            def spawned(*args: Any) -> Any:
                starts.append(loop.time())
                well(k, ok=ready)  # it answers at first, or never
                if ready:
                    loop.call_later(4, lambda: well(k, ok=False))
                return spawn(*args)

            k.runs.spawn = spawned  # type: ignore[method-assign]
            await asyncio.sleep(6 * 3600)
            most = max(sum(at <= other < at + 3600 for other in starts) for at in starts)
            assert most <= 8
            assert sum(at > 3 * 3600 for at in starts) <= 3

    run(main())


def test_an_edge_that_died_under_a_living_agent_is_healed_within_a_minute() -> None:
    async def main() -> None:
        async with kennel(tunnel(every_s=15), addresses=Addresses()) as k:
            well(k)
            k.world.local["ngrok"] = True
            await k.until(lambda: is_up(k, "ngrok"))
            await asyncio.sleep(200)
            well(k, ok=False)
            seen = len(k.world.times("ngrok", "tunnel"))
            await k.until(lambda: len(k.runs.spawns) == 2)
            failed = k.world.times("ngrok", "tunnel")[seen]
            assert asyncio.get_running_loop().time() - failed < 60
            well(k)
            await k.until(lambda: is_up(k, "ngrok"))
            assert k.tunnels.all()[0].reconnects == 1

    run(main())


def test_what_a_tunnel_leads_to_being_down_restarts_no_tunnel() -> None:
    async def main() -> None:
        async with kennel(tunnel(every_s=15), addresses=Addresses()) as k:
            well(k)
            await k.until(lambda: is_up(k, "ngrok"))
            well(k, ok=None)
            k.world.local["ngrok"] = False
            await asyncio.sleep(3600)
            assert k.runs.spawns == ["ngrok"]
            (view,) = k.tunnels.all()
            assert (view.local, view.public, view.url) == (False, None, ONE)

    run(main())


def test_a_look_that_was_under_way_when_its_process_ended_teaches_nothing() -> None:
    async def main() -> None:
        policy = replace(POLICY, restart_delay_s=0, max_restarts=99, slow_restarts=99)
        slow = replace(tunnel(), policy=policy)
        async with kennel(slow, addresses=Addresses()) as k:
            k.world.took_s = 3.0
            well(k)
            for late_s in itertools.islice(itertools.count(2.9, 0.05), 9):
                await asyncio.sleep(late_s)
                k.runs.die("ngrok")
                spawned = len(k.runs.spawns) + 1
                await k.until(lambda most=spawned: len(k.runs.spawns) == most)  # type: ignore[misc]
                for _ in range(30):
                    assert k.tunnels.address("ngrok") is None
                    await asyncio.sleep(0.1)

    run(main())


def test_a_look_that_is_told_just_after_its_process_was_replaced_counts_for_nothing() -> None:
    async def main() -> None:
        async with kennel(tunnel(), addresses=Addresses()) as k:
            well(k)
            await k.until(lambda: is_up(k, "ngrok"))
            patient = k.selfcheck._patients["ngrok"]
            k.runs.die("ngrok")
            await k.until(lambda: len(k.runs.spawns) == 2)
            k.selfcheck._found(patient, patient.rounds[0], Finding(ok=True, said="fine", url=TWO))
            assert k.tunnels.last("ngrok") == ONE

    run(main())


def test_a_tunnel_that_left_the_file_is_not_asked_for() -> None:
    async def main() -> None:
        book = Tunnels({}, Bus(), Addresses())
        assert book.address("ngrok") is None
        assert book.all() == ()

    run(main())


def test_a_check_is_no_tunnel_of_ours() -> None:
    async def main() -> None:
        async with kennel(tunnel(), addresses=Addresses()) as k:
            probe = ProbeTable(kind=ProbeKind.TUNNEL, label="tunnel", url=ONE)
            well(k, None, ok=None)
            k.selfcheck.watch({"site": CheckTable(name="site", probe=probe)})
            k.world.urls["site"] = TWO
            await asyncio.sleep(100)
            assert k.tunnels.last("ngrok") is None

    run(main())
