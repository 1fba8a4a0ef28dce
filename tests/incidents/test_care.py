"""Troubles over time: together, in hand, silent, quiet, reminded; and over Ghost's restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field

import pytest

from ghostbot.bus import Bus, Turned
from ghostbot.core.daemon import (
    Daemon,
    Elapsed,
    Event,
    Exited,
    Proc,
    Ready,
    Renew,
    Restart,
    Spawned,
    Start,
    Stop,
    step,
)
from ghostbot.core.incident import About, Call, Hand, Incident, Phase, Subject, Told
from ghostbot.core.restart import Policy
from ghostbot.core.rights import Role
from ghostbot.errors import Failed, NoSuch
from ghostbot.incidents.care import Care, Done, person
from ghostbot.incidents.desk import SETTLE_S, Desk
from ghostbot.orders import Actor, local
from tests.fakes.clock import run
from tests.incidents.test_desk import FakeStore, FakeVoice

ADA, BOB = local("ada"), Actor("U0BOB", "bob", Role.OPERATOR)
BEGAN = 5_000.0
H = 3_600.0
BLOCKS = Policy(max_restarts=1, cooldown_s=100 * H)
SETTLED_S = 0.01  # lets all tasks that can run do so, on a clock that jumps


class Kept:
    """Silences in memory, kept from one Ghost to the next."""

    def __init__(self) -> None:
        self.rows: dict[str, Hand] = {}

    async def put(self, name: str, hand: Hand) -> None:
        self.rows[name] = hand

    async def drop(self, name: str) -> None:
        self.rows.pop(name, None)

    async def all(self) -> dict[str, Hand]:
        return dict(self.rows)


@dataclass
class Scene:
    """A desk, and daemons that do what a test says."""

    after: Mapping[str, Collection[str]] = field(default_factory=dict)
    quiet_until: float = 0.0
    within: Callable[[str], tuple[str, ...]] = lambda _: ()
    store: FakeStore = field(default_factory=FakeStore)
    silences: Kept = field(default_factory=Kept)
    daemons: dict[str, Daemon] = field(default_factory=dict)
    voice: FakeVoice = field(default_factory=FakeVoice)
    bus: Bus = field(default_factory=Bus)
    run_number: int = 0

    def now(self) -> float:
        return BEGAN + asyncio.get_running_loop().time()

    def build(self) -> None:
        self.bus = Bus()  # it belongs to one loop

        async def lines(name: str) -> tuple[str, ...]:
            return (f"the end of {name}",)

        self.desk = Desk(
            self.bus,
            self.voice,
            self.store,
            last_lines=lines,
            daemons=lambda: self.daemons,
            after=lambda: self.after,
            is_quiet=lambda at: at < self.quiet_until,
            within=self.within,
            now=self.now,
        )

        async def newest(most: int) -> list[Incident]:
            return sorted(self.store.kept, key=lambda i: (i.is_over, -i.id))[:most]

        def known() -> set[str]:
            return {w for name in self.daemons for w in (name, *self.within(name))}

        self.care = Care(self.desk, self.silences, newest=newest, known=known, now=self.now)

    async def does(self, name: str, *events: Event, policy: Policy | None = None) -> None:
        """Let a daemon go through events."""
        for event in events:
            before = self.daemons.get(name) or Daemon(name, policy or Policy())
            after, _ = step(before, event, asyncio.get_running_loop().time())
            self.daemons[name] = after
            self.bus.publish(Turned(before, after, event, self.now()))
        await asyncio.sleep(SETTLED_S)

    async def up(self, *names: str, policy: Policy | None = None) -> None:
        for name in names:
            self.run_number += 1
            proc = Proc(self.run_number, 1, "boot")
            begin = Elapsed() if name in self.daemons else Start()
            await self.does(name, begin, Spawned(proc), Ready(proc), policy=policy)

    async def dies(self, name: str, code: int = 1) -> None:
        proc = self.daemons[name].proc
        assert proc is not None
        await self.does(name, Exited(proc, code))

    @property
    def last(self) -> Incident:
        return self.voice.said[-1]

    def told(self) -> list[tuple[int, Phase]]:
        return [(i.id, i.phase) for i in self.voice.said]


def play(script: Callable[[Scene], Awaitable[None]], scene: Scene | None = None) -> Scene:
    """Play a script before a desk that runs; again with the same scene is the next Ghost's."""
    scene = scene or Scene()
    scene.voice.said.clear()

    async def main() -> None:
        scene.build()
        await scene.care.begin()
        task = asyncio.create_task(scene.desk.run())
        await asyncio.sleep(SETTLED_S)
        try:
            await script(scene)
            assert not task.done(), task
        finally:
            task.cancel()

    run(main())
    return scene


HOUSE = {"web": ("db",), "db": (), "mail": (), "cron": ()}


def test_a_dependency_and_who_hangs_on_it_are_one_message_until_all_are_well() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("db", "web")
        await scene.dies("web")
        await scene.dies("db", -9)
        assert scene.last.names == ("db", "web")
        assert scene.last.lines == ("the end of db",)
        await scene.up("db")
        assert scene.last.phase is Phase.DOWN
        await scene.up("web")

    scene = play(script, Scene(after=HOUSE))
    assert {number for number, _ in scene.told()} == {1}
    assert scene.last.phase is Phase.RECOVERED
    assert (scene.last.daemon, scene.last.deaths) == ("db", 2)


def test_three_strangers_that_die_at_once_are_one_message() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("db", "mail", "cron")
        for name in ("db", "mail", "cron"):
            await scene.dies(name)
        await asyncio.sleep(10)

    scene = play(script, Scene(after=HOUSE))
    assert {number for number, _ in scene.told()} == {1}
    assert scene.last.names == ("db", "mail", "cron")
    assert [(i.id, i.into) for i in scene.store.kept if i.into] == [(2, 1)]


def test_the_second_of_two_strangers_is_told_when_no_third_came_even_if_it_is_over() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("db", "mail")
        await scene.dies("db")
        await scene.dies("mail")
        await scene.up("mail")
        assert {number for number, _ in scene.told()} == {1}
        await asyncio.sleep(6)
        assert scene.told()[-1] == (2, Phase.RECOVERED)

    play(script, Scene(after=HOUSE))


@dataclass
class Taking:
    """A voice whose messages Slack takes at once."""

    heard: FakeVoice

    def alert(self, incident: Incident) -> None:
        self.heard.alert(incident)

    async def said(self, incident: Incident, _since: float) -> float | None:
        return incident.changed_at


def test_whoever_asks_when_people_were_told_waits_until_it_is_no_crowd() -> None:
    async def script(scene: Scene) -> None:
        scene.desk._voice = Taking(scene.voice)  # type: ignore[assignment]
        await scene.up("db", "mail")
        await scene.dies("db")
        at = scene.now()
        await scene.dies("mail")
        asked = asyncio.create_task(scene.desk.told("mail", at))
        await scene.up("mail")
        assert not asked.done()
        await asyncio.sleep(6)
        assert (await asked or 0) > at

    play(script, Scene(after=HOUSE))


def test_a_part_that_dies_again_long_after_has_a_trouble_of_its_own() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("db", policy=BLOCKS)
        await scene.up("web")
        await scene.dies("db")
        await scene.dies("web")
        await scene.up("web")
        await asyncio.sleep(H / 2)
        await scene.dies("web")
        assert (scene.last.id, scene.last.names) == (2, ("web",))
        await scene.up("db")
        assert scene.desk.current("web").id == 2  # type: ignore[union-attr]

    play(script, Scene(after=HOUSE))


def test_in_quiet_a_new_trouble_waits_and_is_told_when_quiet_ends() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web")
        await scene.dies("web")
        await asyncio.sleep(1_900)
        assert scene.told() == []
        await asyncio.sleep(200)
        assert scene.told() == [(1, Phase.DOWN)]

    play(script, Scene(quiet_until=BEGAN + 2_000))


def test_news_wait_for_the_end_of_quiet_and_are_told_though_they_are_over() -> None:
    async def script(scene: Scene) -> None:
        ngrok = Subject(About.TUNNEL, "ngrok")
        news = {"cause": "address", "phase": Phase.CHANGED, "at": scene.now()}
        scene.bus.tell(Told(subject=ngrok, line="the address is b now", **news))  # type: ignore[arg-type]
        await asyncio.sleep(1_900)
        assert scene.told() == []
        await asyncio.sleep(200)
        assert scene.told() == [(1, Phase.CHANGED)]

    play(script, Scene(quiet_until=BEGAN + 2_000))


def test_quiet_never_mutes_a_page() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web", policy=BLOCKS)
        await scene.dies("web")

    scene = play(script, Scene(quiet_until=BEGAN + 2_000))
    assert scene.last.steps[-1].call is Call.PAGE


def test_what_stays_blocked_is_said_again_after_one_hour_and_four() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web", policy=BLOCKS)
        await scene.dies("web")
        await asyncio.sleep(5 * H)

    reminders = [s for s in play(script).last.steps if s.call is Call.REMINDER]
    assert [round((s.at - BEGAN) / H, 2) for s in reminders] == [1, 4]


def test_who_has_it_in_hand_is_not_reminded_and_the_next_ghost_knows_who() -> None:
    async def first(scene: Scene) -> None:
        await scene.up("web", policy=BLOCKS)
        await scene.dies("web")
        assert (await scene.care.ack(1, ADA)).did
        await asyncio.sleep(2 * H)
        assert scene.last.steps[-1].what == "acknowledged it"

    async def second(scene: Scene) -> None:
        again = await scene.care.ack(1, BOB)
        assert (again.did, again.said) == (False, "incident 1 was acknowledged already, by ada")
        await scene.does("web", Stop())
        assert (scene.last.id, scene.last.phase) == (1, Phase.STOPPED)

    play(second, play(first))


def test_of_many_who_acknowledge_at_once_one_does() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web")
        await scene.dies("web")
        done: list[Done] = await asyncio.gather(*(scene.care.ack(1, p) for p in (ADA, BOB) * 20))
        assert [d.did for d in done] == [True] + [False] * 39
        assert [s.by for s in scene.last.steps if s.by] == [person(ADA)]

    play(script)


def test_what_is_silent_by_name_waits_also_for_the_next_ghost_and_is_told_when_it_ends() -> None:
    async def first(scene: Scene) -> None:
        await scene.up("web")
        await scene.care.silence("web", H, ADA)

    async def second(scene: Scene) -> None:
        await scene.dies("web")
        assert scene.told() == []
        await asyncio.sleep(H + 1)
        assert scene.told() == [(1, Phase.DOWN)]
        assert scene.last.silenced is None

    play(second, play(first))


def test_a_silence_of_all_lets_a_page_through_and_ends_with_off() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("mail")
        await scene.up("web", policy=BLOCKS)
        await scene.care.silence("all", H, ADA)
        await scene.dies("mail")
        assert scene.told() == []
        assert (await scene.care.silence("all", None, BOB)).did
        assert scene.told() == [(1, Phase.DOWN)]
        await scene.care.silence("all", H, ADA)
        await scene.dies("web")
        assert scene.told()[-1] == (2, Phase.BLOCKED)
        assert not (await scene.care.silence("web", None, ADA)).did

    play(script, Scene(after=HOUSE))


def test_what_is_over_or_unknown_cannot_be_taken_in_hand() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("web")
        await scene.dies("web")
        await scene.up("web")
        with pytest.raises(Failed, match="it is over"):
            await scene.care.ack(1, ADA)
        with pytest.raises(NoSuch, match="no such incident is open"):
            await scene.care.silence_one(99, H, ADA)
        with pytest.raises(NoSuch, match="did you mean web"):
            await scene.care.silence("wbe", H, ADA)
        await scene.care.pressed(1, "asked for a restart", ADA)
        assert scene.last.steps[-1].what == "up again"

    play(script)


def test_what_changed_just_before_a_death_is_said() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("db", "web")
        await scene.does("web", Renew("src/app.py changed"))
        proc = scene.daemons["web"].proc
        assert proc is not None
        new = Proc(99, 1, "boot")
        await scene.does("web", Exited(proc, 0), Spawned(new), Ready(new))
        scene.desk.reloaded()
        await asyncio.sleep(3)
        await scene.dies("web")
        assert scene.last.changed == (
            "it was started again (src/app.py changed), 3 s before; "
            "ghost.toml was reloaded, 3 s before"
        )

    play(script, Scene(after=HOUSE))


def test_a_dependency_that_was_away_is_named_and_what_is_long_ago_is_not() -> None:
    async def script(scene: Scene) -> None:
        await scene.up("db", "web")
        await scene.dies("db")
        await scene.up("db")
        await asyncio.sleep(20)
        await scene.dies("web")
        assert scene.last.changed == "db, which it comes after, was started again, 20 s before"
        await scene.up("web")
        await scene.does("web", Restart())
        await asyncio.sleep(10 * H)
        new = Proc(98, 1, "boot")
        proc = scene.daemons["web"].proc
        assert proc is not None
        await scene.does("web", Exited(proc, 0), Spawned(new), Ready(new))
        await scene.dies("web")
        assert scene.last.changed == ""

    play(script, Scene(after=HOUSE))


def test_the_trouble_of_a_daemon_that_left_ghost_toml_is_over_for_the_next_ghost() -> None:
    async def first(scene: Scene) -> None:
        await scene.up("web")
        await scene.dies("web")

    async def second(_: Scene) -> None:
        await asyncio.sleep(SETTLE_S)

    scene = play(first)
    scene.daemons.clear()
    assert set(play(second, scene).told()) == {(1, Phase.STOPPED)}
