"""Selfcheck: looks whether what runs is well, by its probes; and at what Ghost does not run.

Rule 1: a daemon is ready when all its probes for readiness are well, one that notifies when it
        says READY=1. Without such a probe: when its port accepts a connection; without a port,
        when it has lived for `ready_after`. A oneshot is ready when it is done.
Rule 2: a probe for life that fails makes a daemon sick, one for readiness only puts it in doubt.
Rule 3: nobody is blamed for what an earlier process did, for what happens in the grace after a
        start or after the machine has slept, nor for what Ghost could not look at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ghostbot.bus import Bus, Feed
from ghostbot.config.model import CheckTable, DaemonTable, ProbeKind, ProbeRole, ProbeTable
from ghostbot.core.daemon import Adopted, Daemon, Proc, Ready, Sick, State
from ghostbot.core.health import note
from ghostbot.core.restart import Kind
from ghostbot.guards.rounds import Round, Rounds
from ghostbot.guards.watchdog import Watchdog
from ghostbot.probes import tcp
from ghostbot.probes.finding import Finding
from ghostbot.process.notices import Notice, Notices

FIRST_LOOK_S = 0.1  # doubles up to LAST_LOOK_S: a quick start is seen quickly, a slow one cheaply
LAST_LOOK_S = 1.0
DOUBT_S = 0.2  # before its deadline a daemon that may have notified an earlier Ghost is ready
CHECK = "check "  # before its name: a daemon may have the same
TEST_S = 9.0  # no answer of the API takes longer
RESUMED_GRACE_S = 60.0  # after the machine slept: networks take a while to come back

Look = Callable[[], Awaitable[Finding]]
LookOf = Callable[[DaemonTable | CheckTable, ProbeTable], Look]


class Doubt(Protocol):
    """Takes whether a daemon that is up is ready, by its probes (guards/lifecycle.py)."""

    def __call__(self, proc: Proc, name: str, *, ready: bool) -> None:
        """Take it."""


log = logging.getLogger("ghost.selfcheck")


@dataclass(eq=False, slots=True)
class Patient:
    """One process under its probes."""

    dog: Watchdog
    proc: Proc
    rounds: tuple[Round, ...]
    began: float  # monotonic
    is_up: bool
    notified: bool = False

    @property
    def ready(self) -> list[Round]:
        """Those that readiness takes."""
        return [one for one in self.rounds if one.table.role is not ProbeRole.LIVE]

    @property
    def live(self) -> list[Round]:
        """Those that life takes."""
        return [one for one in self.rounds if one.table.role is not ProbeRole.READY]


class Selfcheck:
    """Reports what has proved ready, and what has ceased to be well."""

    def __init__(
        self,
        dogs: Mapping[str, Watchdog],
        bus: Bus,
        notices: Notices | None = None,
        *,
        look_of: LookOf,
        doubt: Doubt,
        rounds: Rounds | None = None,
    ) -> None:
        """Take the watchdogs by name, and where daemons that notify are heard.

        `look_of` makes what looks for one probe; `doubt` takes whether one that is up is ready.
        """
        self._dogs = dogs
        self._bus = bus
        self._notices = notices
        self._look_of = look_of
        self._doubt = doubt
        self._rounds = rounds or Rounds()
        self._patients: dict[str, Patient] = {}
        self._seen: dict[str, Proc] = {}  # whose readiness is awaited without probes, or was
        self._checks: dict[str, Round] = {}
        self._tables: Mapping[str, CheckTable] = {}
        self._lenient_until = 0.0
        self._tasks: asyncio.TaskGroup | None = None  # while it runs
        self.also: list[Callable[[Round, Finding], None]] = []  # hear each look, as `heard_by`
        self.heard_by()
        if notices is not None:
            notices.heard = self._heard

    # What is known.

    def rounds(self, subject: str) -> tuple[Round, ...]:
        """Return the probes of a daemon that runs, or of `check NAME`, as they are now."""
        if (patient := self._patients.get(subject)) is not None:
            return patient.rounds
        one = self._checks.get(subject.removeprefix(CHECK)) if subject.startswith(CHECK) else None
        return () if one is None else (one,)

    def subjects(self) -> tuple[str, ...]:
        """Return whom can be looked at: daemons by name, checks as `check NAME`."""
        return (*self._dogs, *(f"{CHECK}{name}" for name in self._checks))

    def all(self) -> tuple[Round, ...]:
        """Return every probe that is asked now: of daemons in file order, then of checks."""
        return tuple(one for subject in self.subjects() for one in self.rounds(subject))

    def health(self, name: str) -> str | None:
        """Return the health of a daemon in a word; None where nothing looks at it."""
        verdicts = {one.health.ok for one in self.rounds(name)}
        if not verdicts:
            return None
        if False in verdicts:
            return "sick"
        return "unknown" if None in verdicts else "ok"

    async def test(self, subjects: Iterable[str]) -> list[tuple[Round, Finding]]:
        """Look now, for each probe of these daemons and checks; it counts for nothing."""
        rounds = [one for subject in subjects for one in self.rounds(subject)]
        found = await asyncio.gather(*(_tested(one) for one in rounds))
        return list(zip(rounds, found, strict=True))

    # What it is told.

    def rewire(self) -> None:
        """Go by the tables as they are now; who has other probes than before is looked at anew."""
        for name, patient in tuple(self._patients.items()):
            dog = self._dogs.get(name)
            if dog is None or tuple(one.table for one in patient.rounds) != _probes(dog.table):
                self._dismiss(patient)
        for dog in self._dogs.values():
            self._attend(dog)

    def watch(self, tables: Mapping[str, CheckTable]) -> None:
        """Look at these checks from now on, and at no others."""
        for name, one in tuple(self._checks.items()):
            if name not in tables or tables[name].probe != one.table:
                self._rounds.end(self._checks.pop(name))
        self._tables = tables
        for name, table in tables.items():
            if name not in self._checks:
                probe = table.probe
                one = Round(
                    f"{CHECK}{name}", probe, self._look_of(table, probe), self._check, probe.every_s
                )
                self._checks[name] = one
                self._rounds.begin(one, min(LAST_LOOK_S, probe.every_s))

    def heard_by(
        self,
        looked: Callable[[Round, Finding], None] = lambda _round, _finding: None,
        checked: Callable[[str, bool | None, str], None] = lambda _name, _ok, _said: None,
    ) -> None:
        """Have each look heard, and each verdict on a check; without arguments, by nobody."""
        self._looked, self._checked = looked, checked

    def soon(self, name: str) -> None:
        """Look through a tunnel now rather than in its turn: it may have another address."""
        for one in self.rounds(name):
            if one.table.kind is ProbeKind.TUNNEL:
                self._rounds.begin(one, 0.0)

    def resumed(self) -> None:
        """Blame nobody for a while: the machine has slept."""
        self._lenient_until = asyncio.get_running_loop().time() + RESUMED_GRACE_S

    async def run(self) -> None:
        """Look at each process until it is gone."""
        self._seen.clear()
        with self._bus.listen(name="selfcheck") as feed:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._rounds.run(), name="probes")
                await self._follow(feed)

    async def _follow(self, feed: Feed) -> None:
        for dog in self._dogs.values():
            self._give_benefit_of_doubt(dog)
            self._attend(dog)
        while True:
            fact = await feed.get()
            if feed.lagged:  # each daemon is looked at once more: that costs nothing
                feed.lagged = False
                self.rewire()
            if fact.after.name not in self._dogs:  # let go by a reload
                continue
            dog = self._dogs[fact.after.name]
            if isinstance(fact.event, Adopted):
                self._give_benefit_of_doubt(dog)
            self._attend(dog)

    # Probes.

    def _attend(self, dog: Watchdog) -> None:
        """Begin, go on or cease to look at a daemon, as it is now."""
        d = dog.daemon
        patient = self._patients.get(d.name)
        runs = d.proc is not None and d.state in (State.STARTING, State.UP)
        if patient is not None and (not runs or patient.proc != d.proc):
            self._dismiss(patient)
            patient = None
        if not runs or d.policy.kind is Kind.ONESHOT or self._tasks is None:
            return
        if patient is None:
            patient = self._admit(dog, d)
        if d.state is State.UP and not patient.is_up:
            self._go_steady(patient)
        if d.state is State.STARTING and not patient.ready and not dog.table.notify:
            self._await_without(dog)

    def _admit(self, dog: Watchdog, d: Daemon) -> Patient:
        assert d.proc is not None, "only what runs is looked at"
        table = dog.table
        told: Callable[[Round, Finding], None] = lambda one, finding: self._found(  # noqa: E731
            patient, one, finding
        )
        rounds = tuple(
            Round(d.name, probe, self._look_of(table, probe), told, probe.every_s)
            for probe in _probes(table)
        )
        patient = Patient(dog, d.proc, rounds, d.since, is_up=False)
        self._patients[d.name] = patient
        if d.state is State.STARTING:
            for one in patient.ready:
                one.pace_s = FIRST_LOOK_S
                self._rounds.begin(one, FIRST_LOOK_S)
        return patient

    def _go_steady(self, patient: Patient) -> None:
        """Look at the pace of its table from now on."""
        patient.is_up = True
        for one in patient.rounds:
            one.pace_s = one.table.every_s
            self._rounds.begin(one)

    def _dismiss(self, patient: Patient) -> None:
        for one in patient.rounds:
            self._rounds.end(one)
        del self._patients[patient.dog.table.name]

    def _found(self, patient: Patient, one: Round, finding: Finding) -> None:
        """Take what a look found."""
        if patient.proc != patient.dog.daemon.proc:  # about to be dismissed: it speaks of the past
            return
        now, table = asyncio.get_running_loop().time(), one.table
        grace = now < max(patient.began + table.grace_s, self._lenient_until)
        self._note(one, finding, now, in_grace=grace)
        self._judge(patient)
        hurried = not patient.is_up or (table.role is ProbeRole.READY and one.health.ok is False)
        if hurried:
            one.pace_s = min(max(FIRST_LOOK_S, one.pace_s * 2), LAST_LOOK_S, table.every_s)
        else:
            one.pace_s = table.every_s

    def _note(self, one: Round, finding: Finding, now: float, *, in_grace: bool) -> None:
        table = one.table
        one.health = note(
            one.health,
            finding.ok,
            finding.said,
            failures=table.failures,
            successes=table.successes,
            in_grace=in_grace,
            now=now,
        )
        for looked in (*self.also, self._looked):
            looked(one, finding)

    def _judge(self, patient: Patient) -> None:
        dog, proc = patient.dog, patient.proc
        if not patient.is_up:
            self._judge_start(patient)
            return
        for one in patient.live:
            if one.health.ok is False:
                dog.post(Sick(proc, f"{one.table.label} probe failed: {one.health.said}"))
                return
        doubted = any(one.health.ok is False for one in patient.ready)
        self._doubt(proc, dog.table.name, ready=not doubted)

    def _judge_start(self, patient: Patient) -> None:
        """Report it ready once all that readiness takes is there."""
        if dog_notifies(patient.dog) and not patient.notified:
            return
        if all(one.health.ok for one in patient.ready):
            patient.dog.post(Ready(patient.proc))

    def _check(self, one: Round, finding: Finding) -> None:
        """Take what a look at a check found."""
        now = asyncio.get_running_loop().time()
        self._note(one, finding, now, in_grace=now < self._lenient_until)
        self._checked(one.subject.removeprefix(CHECK), one.health.ok, one.health.said)

    # Without probes.

    def _await_without(self, dog: Watchdog) -> None:
        d = dog.daemon
        assert self._tasks is not None, "it runs"
        if d.proc is None or self._seen.get(d.name) == d.proc:
            return
        self._seen[d.name] = d.proc
        if dog.table.port is not None:
            waiting = _await_port(dog, d.proc, dog.table.port)
            self._tasks.create_task(waiting, name=f"ready {d.name}")
        else:
            # Should the process be another by then, the fact is about the wrong one and ignored.
            asyncio.get_running_loop().call_later(
                _left(d, dog.table.ready_after_s), dog.post, Ready(d.proc)
            )

    def _heard(self, name: str, notice: Notice) -> None:
        """Take what a daemon says of itself."""
        dog = self._dogs.get(name)
        if dog is None or self._notices is None or notice.fields.get("READY") != "1":
            return
        proc = dog.daemon.proc
        if proc is None or not self._notices.belongs(notice, name, proc):
            log.warning("notice of a stranger daemon=%s pid=%s", name, notice.pid)
        else:
            self._notified(dog, proc)

    def _notified(self, dog: Watchdog, proc: Proc) -> None:
        self._attend(dog)
        patient = self._patients.get(dog.table.name)
        if patient is not None and patient.proc == proc and dog.daemon.state is State.STARTING:
            patient.notified = True
            self._judge_start(patient)

    def _give_benefit_of_doubt(self, dog: Watchdog) -> None:
        """Take one that was starting while no Ghost was there as ready, rather than late.

        It may have said READY=1 to nobody, and says it once.
        """
        d = dog.daemon
        if dog.table.notify and d.state is State.STARTING and d.proc and d.deadline is not None:
            at = d.deadline - DOUBT_S
            asyncio.get_running_loop().call_at(at, self._notified, dog, d.proc)


async def _tested(one: Round) -> Finding:
    try:
        async with asyncio.timeout(TEST_S), one.lock:
            return await one.look()
    except TimeoutError:
        return Finding(ok=None, said=f"has not answered within {TEST_S:g} s")


def dog_notifies(dog: Watchdog) -> bool:
    """Tell whether a daemon says itself when it is ready."""
    return dog.table.notify and dog.daemon.policy.kind is not Kind.ONESHOT


def _probes(table: DaemonTable) -> tuple[ProbeTable, ...]:
    """Return what is looked at; who notifies is heard."""
    return tuple(probe for probe in table.probes if probe.kind is not ProbeKind.NOTIFY)


def _left(d: Daemon, ready_after_s: float) -> float:
    """Return the seconds after which a process has lived for `ready_after_s`."""
    lived = asyncio.get_running_loop().time() - d.since
    return max(0.0, ready_after_s - lived)


async def _await_port(dog: Watchdog, proc: Proc, port: int) -> None:
    pause_s = FIRST_LOOK_S
    while dog.daemon.proc == proc and dog.daemon.state is State.STARTING:
        if await tcp.accepts(port):
            dog.post(Ready(proc))
            return
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LAST_LOOK_S)
