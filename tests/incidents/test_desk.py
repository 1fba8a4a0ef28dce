"""From facts to incidents: one per trouble, edited as it moves, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from ghostbot.bus import Bus, Turned
from ghostbot.core.daemon import (
    Daemon,
    Elapsed,
    Event,
    Exited,
    Proc,
    Ready,
    Spawned,
    Start,
    State,
    Stop,
    Wanted,
    step,
)
from ghostbot.core.incident import STEPS_KEPT, Incident, Phase, follow
from ghostbot.core.restart import After, Policy
from ghostbot.incidents.desk import Desk
from tests.fakes.clock import run

P, Q = Proc(7, 70, "boot"), Proc(8, 80, "boot")
UP = (Start(), Spawned(P), Ready(P))


def story(
    *events: Event, policy: Policy | None = None, gap_s: float = 1
) -> list[tuple[Daemon, Daemon]]:
    """Return the turns of a daemon through these events, `gap_s` apart."""
    d, turns = Daemon("web", policy or Policy()), []
    for n, event in enumerate(events):
        after, _ = step(d, event, 1000 + n * gap_s)
        turns.append((d, after))
        d = after
    return turns


def told(turns: list[tuple[Daemon, Daemon]], gap_s: float = 1) -> list[Incident]:
    """Return each state in which an incident would be told, ids as a store would give them."""
    incident, seen, last_id = None, [], 0
    for n, (before, after) in enumerate(turns):
        followed = follow(incident, before, after, 5000 + n * gap_s)
        if followed is not None and followed is not incident:
            if followed.id == 0:
                last_id += 1
                followed = replace(followed, id=last_id)
            seen.append(followed)
        incident = followed
    return seen


def test_a_death_and_its_recovery_are_one_incident() -> None:
    incidents = told(story(*UP, Exited(P, 1), Elapsed(), Spawned(Q), Ready(Q)))
    assert [i.phase for i in incidents] == [Phase.DOWN, Phase.RESTARTING, Phase.RECOVERED]
    assert {i.id for i in incidents} == {1}
    assert incidents[0].cause == "exited 1"
    assert incidents[0].next_try_at == incidents[0].changed_at + 1
    assert [s.what for s in incidents[-1].steps] == ["exited 1", "starting again", "up again"]


def test_a_death_soon_after_the_recovery_is_the_same_incident_counted() -> None:
    again = (Exited(P, 1), Elapsed(), Spawned(Q), Ready(Q), Exited(Q, 2))
    incidents = told(story(*UP, *again))
    assert {i.id for i in incidents} == {1}
    assert (incidents[-1].phase, incidents[-1].deaths, incidents[-1].cause) == (
        Phase.DOWN,
        2,
        "exited 2",
    )


def test_a_death_long_after_the_recovery_is_a_new_incident() -> None:
    again = (Exited(P, 1), Elapsed(), Spawned(Q), Ready(Q), Exited(Q, 2))
    incidents = told(story(*UP, *again, gap_s=100), gap_s=100)
    assert {i.id for i in incidents} == {1, 2}
    assert incidents[-1].deaths == 1


def test_a_daemon_that_comes_and_goes_is_told_once_however_long_it_was_up() -> None:
    events: list[Event] = [*UP]
    for n in range(6):
        old, new = (P, Q) if n % 2 == 0 else (Q, P)
        events += [Exited(old, 1), Elapsed(), Spawned(new), Ready(new)]
    policy = Policy(slow_restarts=2, slow_window_s=10_000)
    incidents = told(story(*events, policy=policy, gap_s=100), gap_s=100)
    assert {i.id for i in incidents} == {1}
    assert incidents[-1].deaths == 6


def test_an_open_breaker_is_said_and_so_is_why() -> None:
    incidents = told(story(*UP, Exited(P, 1), policy=Policy(max_restarts=1)))
    assert incidents[-1].phase is Phase.BLOCKED
    assert incidents[-1].steps[-1].what == "exited 1; blocked: died too often"


def test_a_stop_by_a_person_ends_the_trouble_and_a_stop_without_trouble_is_none() -> None:
    assert told(story(*UP, Stop(), Exited(P, 0))) == []
    incidents = told(story(*UP, Exited(P, 1), Stop()))
    assert incidents[-1].phase is Phase.STOPPED
    assert incidents[-1].is_over


def test_a_daemon_that_is_never_restarted_fails_in_words() -> None:
    incidents = told(story(*UP, Exited(P, 3), policy=Policy(restart=After.NEVER)))
    assert incidents[-1].phase is Phase.FAILED
    assert incidents[-1].steps[-1].what == "exited 3; not started again (restart = never)"


def test_a_long_trouble_keeps_its_beginning_and_its_end() -> None:
    events: list[Event] = [*UP]
    for n in range(200):
        proc = P if n % 2 == 0 else Q
        events += [Exited(proc, n % 7 + 1), Elapsed(), Spawned(Q if n % 2 == 0 else P)]
    incidents = told(story(*events))
    assert {i.id for i in incidents} == {1}
    assert len(incidents[-1].steps) <= STEPS_KEPT
    assert incidents[-1].steps[0].what == "exited 1"


class FakeStore:
    def __init__(self, kept: list[Incident] | None = None) -> None:
        self.kept = kept or []

    async def save(self, incident: Incident) -> Incident:
        saved = incident if incident.id else replace(incident, id=len(self.kept) + 1)
        self.kept = [i for i in self.kept if i.id != saved.id] + [saved]
        return saved

    async def open(self) -> list[Incident]:
        return [i for i in self.kept if not i.is_over]

    async def untold(self) -> list[Incident]:
        return [i for i in self.kept if i.is_over and not i.told]


class FakeVoice:
    def __init__(self) -> None:
        self.said: list[Incident] = []
        self.missed_ones: list[list[Incident]] = []

    def missed(self, incidents: Sequence[Incident], *, more: int = 0) -> None:
        self.missed_ones.append(list(incidents))

    def alert(self, incident: Incident) -> None:
        self.said.append(incident)

    def beat(self, house: object) -> None: ...

    def link(self) -> str:
        return "connected"


def hear(
    turns: list[tuple[Daemon, Daemon]],
    store: FakeStore,
    now: dict[str, Daemon],
    patched: tuple[str, ...] = (),
) -> list[Incident]:
    """Let a desk hear these turns, and return what it had told."""
    bus, voice = Bus(), FakeVoice()

    async def lines(_: str) -> tuple[str, ...]:
        return ("Traceback", "boom")

    left = list(patched)

    async def lately(_: str) -> str:
        return left.pop(0) if left else ""

    async def main() -> None:
        desk = Desk(bus, voice, store, last_lines=lines, daemons=lambda: now, patched=lately)
        task = asyncio.create_task(desk.run())
        await asyncio.sleep(0)
        for n, (before, after) in enumerate(turns):
            bus.publish(Turned(before, after, Elapsed(), 5000 + n))
        await asyncio.sleep(1)
        task.cancel()

    run(main())
    return voice.said


def test_the_desk_gives_ids_adds_the_last_lines_and_tells() -> None:
    said = hear(story(*UP, Exited(P, 1), Elapsed(), Spawned(Q), Ready(Q)), FakeStore(), {})
    assert [(i.id, i.phase) for i in said] == [
        (1, Phase.DOWN),
        (1, Phase.RESTARTING),
        (1, Phase.RECOVERED),
    ]
    assert said[-1].lines == ("Traceback", "boom")


def test_a_death_names_the_patch_that_was_applied_just_before_it() -> None:
    turns = story(*UP, Exited(P, 1), Elapsed(), Spawned(Q), Exited(Q, 1))
    said = hear(turns, FakeStore(), {}, patched=("", "p17"))
    assert [i.patch for i in said if i.phase is Phase.DOWN] == ["", "p17"]
    assert said[-1].patch == "p17"


def test_a_new_desk_goes_on_with_the_incident_of_the_last_one() -> None:
    turns = story(*UP, Exited(P, 1), Elapsed(), Spawned(Q), Ready(Q))
    store = FakeStore()
    hear(turns[:4], store, {})
    said = hear(turns[4:], store, {"web": turns[3][1]})
    assert {i.id for i in said} == {1}
    assert said[-1].phase is Phase.RECOVERED


def test_a_new_desk_catches_up_with_what_happened_meanwhile() -> None:
    turns = story(*UP, Exited(P, 1), Elapsed(), Spawned(Q), Ready(Q))
    store = FakeStore()
    hear(turns[:4], store, {})
    said = hear([], store, {"web": turns[-1][1]})
    assert [i.phase for i in said] == [Phase.RECOVERED]


def test_who_held_or_stopped_it_is_said_and_also_why_a_held_one_is_not_started_again() -> None:
    up = replace(Daemon("web"), state=State.UP, by="ada")
    dead = replace(up, state=State.BACKOFF, fault="exited 1")
    trouble = follow(None, up, dead, 5)
    held = replace(dead, state=State.DOWN, fault=None, wanted=Wanted.HELD)
    ended = follow(trouble, dead, held, 6)
    assert ended is not None
    assert (ended.phase, ended.steps[-1].what) == (Phase.STOPPED, "held by ada")
    fell = follow(None, replace(up, wanted=Wanted.HELD), replace(held, fault="exited 1"), 5)
    assert fell is not None
    assert fell.steps[-1].what == "exited 1; not started again (held by ada)"
