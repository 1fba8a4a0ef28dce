"""Selfcheck: looks whether what runs is well. So far: whether what was started is ready.

A daemon that notifies is ready when it says READY=1, and not before. One with a port is ready
when the port accepts a connection; any other when it has lived for `ready_after`; a oneshot when
it is done, which its exit tells.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from ghostbot.bus import Bus
from ghostbot.core.daemon import Adopted, Daemon, Proc, Ready, State
from ghostbot.core.restart import Kind
from ghostbot.guards.watchdog import Watchdog
from ghostbot.probes import tcp
from ghostbot.process.notices import Notice, Notices

FIRST_LOOK_S = 0.1  # doubles up to LAST_LOOK_S: a quick start is seen quickly, a slow one cheaply
LAST_LOOK_S = 1.0
DOUBT_S = 0.2  # before its deadline a daemon that may have notified an earlier Ghost is ready

log = logging.getLogger("ghost.selfcheck")


class Selfcheck:
    """Reports what has proved ready."""

    def __init__(
        self, dogs: Mapping[str, Watchdog], bus: Bus, notices: Notices | None = None
    ) -> None:
        """Take the watchdogs by name, and where daemons that notify are heard."""
        self._dogs = dogs
        self._bus = bus
        self._notices = notices
        if notices is not None:
            notices.heard = self._heard

    async def run(self) -> None:
        """Look at each new process until it is ready or gone."""
        looked_at: dict[str, Proc] = {}
        with self._bus.listen(name="selfcheck") as feed:
            async with asyncio.TaskGroup() as tasks:
                for dog in self._dogs.values():
                    self._give_benefit_of_doubt(dog)
                    self._look_at(dog, looked_at, tasks)
                while True:
                    fact = await feed.get()
                    if feed.lagged:  # each daemon is looked at once more: that costs nothing
                        feed.lagged = False
                        for dog in self._dogs.values():
                            self._look_at(dog, looked_at, tasks)
                    if fact.after.name not in self._dogs:  # let go by a reload
                        continue
                    dog = self._dogs[fact.after.name]
                    if isinstance(fact.event, Adopted):
                        self._give_benefit_of_doubt(dog)
                    self._look_at(dog, looked_at, tasks)

    def _look_at(self, dog: Watchdog, seen: dict[str, Proc], tasks: asyncio.TaskGroup) -> None:
        d = dog.daemon
        if d.state is not State.STARTING or d.proc is None or seen.get(d.name) == d.proc:
            return
        seen[d.name] = d.proc
        if d.policy.kind is Kind.ONESHOT or dog.table.notify:
            return
        if dog.table.port is not None:
            name = f"ready {d.name}"
            tasks.create_task(_await_port(dog, d.proc, dog.table.port), name=name)
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
            dog.post(Ready(proc))

    def _give_benefit_of_doubt(self, dog: Watchdog) -> None:
        """Take one that was starting while no Ghost was there as ready, rather than late.

        It may have said READY=1 to nobody, and says it once.
        """
        d = dog.daemon
        if dog.table.notify and d.state is State.STARTING and d.proc and d.deadline is not None:
            at = d.deadline - DOUBT_S
            asyncio.get_running_loop().call_at(at, dog.post, Ready(d.proc))


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
