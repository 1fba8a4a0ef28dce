"""One life of Ghost, from `ghost up` to its end: the supervising first, all else around it.

Rule 1: daemons are kept before anything is imported that they do not need, and until all that
        stands around them has ended: the less time nobody looks at them, the better.
Rule 2: what is around them may fail to start, and for ever; they are kept all the same.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from ghostbot import errors, terminal, upgrade, veil
from ghostbot.config.load import load
from ghostbot.config.model import Config
from ghostbot.config.secrets import Secrets, secrets
from ghostbot.ending import Ending, How, give_up
from ghostbot.ghost import Ghost
from ghostbot.keep import keep
from ghostbot.logbook import Logbook
from ghostbot.notify import Systemd
from ghostbot.orders import Outcomes, local
from ghostbot.permit import Permit
from ghostbot.process.lock import Lock
from ghostbot.process.spawn import clean_signals
from ghostbot.process.tenure import hold
from ghostbot.record import Journal, Record
from ghostbot.reload import Reload
from ghostbot.stall import Stall
from ghostbot.supervision import Supervision, supervision
from ghostbot.troubles import Troubles
from ghostbot.upgrade import Handed, Upgrades


def main(config_path: Path, *, playground: bool) -> int:
    """Run Ghost until it is told to end; return the exit code of `ghost up`."""
    handed = upgrade.taken(os.environ)
    try:
        config = load(config_path, os.environ)
        state_dir = config.ghost.state_dir
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = Lock(state_dir, handed.lock_fd)
    except errors.GhostError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"cannot use the state directory: {error}\n")
        return 1
    for line in config.warnings:
        terminal.say(f"warning: {line}")
    found = secrets(config_path.absolute().parent, os.environ)
    _take_back(state_dir)
    clean_signals()  # before the first process is started: ignored signals are inherited
    try:
        while True:
            life = _Life(config, found, lock, handed, playground=playground)
            veil.learn(config, files=False)
            with Logbook(state_dir, veil.hide):
                asyncio.run(life.live())
            if life.how is not How.UPGRADE:
                return 0
            handed, config = life.become_next(), life.config
    finally:
        lock.release()


def _take_back(state_dir: Path) -> None:
    """Undo the patches that a crash cut short, before anything is started from those files."""
    if not (state_dir / "patches" / "journals").is_dir():
        return  # there was never a patch, and nothing of them need be imported
    recover = import_module("ghostbot.patches.recover").recover
    try:
        for undone in recover(state_dir):
            terminal.say(f"patch {undone.id} in {undone.root} was cut short; it is undone")
            for line in undone.left:
                terminal.say(f"needs you: {line}")
    except (errors.GhostError, OSError) as error:
        terminal.say(f"cannot look for patches that were cut short: {error}")


@dataclass(slots=True)
class _Slack:
    """How Slack is, in words. There is somebody to ask a while after the supervising began."""

    ask: Callable[[], str] | None = None

    def link(self) -> str:
        return self.ask() if self.ask else "starting"

    def linked(self, ask: Callable[[], str]) -> None:
        self.ask = ask


class _Tasks:
    """The tasks of a life that end with it: those that are kept, and orders under way."""

    def __init__(self, tasks: asyncio.TaskGroup, troubles: Troubles) -> None:
        """Begin with none."""
        self.guards: list[asyncio.Task[None]] = []
        self.orders: set[asyncio.Task[Outcomes]] = set()
        self._tasks = tasks
        self._troubles = troubles

    def begin(self, order: Coroutine[Any, Any, Outcomes], name: str) -> asyncio.Task[Outcomes]:
        """Begin an order, which lives on when its asker goes away."""
        task = self._tasks.create_task(order, name=name)
        self.orders.add(task)
        task.add_done_callback(self.orders.discard)
        return task

    def keep(self, name: str, fn: Callable[[], Awaitable[None]]) -> None:
        """Run `fn` for as long as Ghost."""
        kept = keep(name, fn, self._troubles.teller(name))
        self.guards.append(self._tasks.create_task(kept, name=name))


class _Life:
    """Ghost between two execs, or between its start and its end."""

    def __init__(
        self, config: Config, found: Secrets, lock: Lock, handed: Handed, *, playground: bool
    ) -> None:
        """Begin nothing yet."""
        self.how: How | None = None
        self.config = config  # as it was last taken from the file
        self._found = found
        self._lock = lock
        self._playground = playground
        self._upgrades = Upgrades(handed, config.path, config.ghost.state_dir)
        self._since = 0.0  # when this life ceased to look at daemons
        self._slack = _Slack()

    async def live(self) -> None:
        """Keep the daemons until told to end. Sets `how`."""
        ending = Ending(terminal.say)
        troubles, systemd = Troubles(terminal.say), Systemd.of(os.environ)
        troubles.teller("upgrade")(self._upgrades.handed.failed)
        async with supervision(self.config, troubles) as house, asyncio.TaskGroup() as tasks:
            long = _Tasks(tasks, troubles)
            record = Record(
                journal=Journal(self.config.ghost.state_dir / "journal" / "deeds.jsonl")
            )
            ghost = self._ghost(house, long.begin, record)
            reload = Reload(house, ghost, begin=long.begin, keep=long.keep)
            # Before daemons: it keeps feeds.
            around = self._around(house, ghost, ending, reload, record)
            for name, fn in house.tasks().items():
                long.keep(name, fn)
            long.guards.append(tasks.create_task(systemd.run(partial(_up, house)), name="systemd"))
            hung = keep("stall", Stall(troubles.teller("loop")).run)
            long.guards.append(tasks.create_task(hung, name="stall"))
            self._hold(long, house, ending, troubles)
            self._upgrades.looking()
            systemd.ready(_up(house))
            rest = tasks.create_task(keep("the rest", around, troubles.teller("the rest")))
            how = await _until_told(ending, ghost, systemd)
            self._since = time.monotonic()
            ending.hurry(partial(self._hurry, ending))
            rest.cancel()
            await asyncio.wait({rest})
            if how is How.UPGRADE and ending.how is How.DOWN:  # somebody changed their mind
                await _until_told(ending, ghost, systemd)
            self._since = time.monotonic()
            for task in (*long.guards, *long.orders):  # an order may wait for what never comes
                task.cancel()
        self.how, self.config = ending.how, reload.config
        ending.close()

    def _hold(self, long: _Tasks, house: Supervision, ending: Ending, troubles: Troubles) -> None:
        """Keep hold of the state directory; where another Ghost has it, end and leave all to it."""

        def lost() -> None:
            terminal.say(
                "Another Ghost has this state directory: this one leaves the daemons to it."
            )
            ending.end(How.KEEP)

        tell = troubles.teller("state directory")
        kept = partial(hold, self._lock, tell, renewed=house.rewrite, lost=lost)
        long.keep("hold", kept)

    def _ghost(
        self,
        house: Supervision,
        begin: Callable[[Coroutine[Any, Any, Outcomes], str], asyncio.Task[Outcomes]],
        record: Record,
    ) -> Ghost:
        return Ghost(
            self.config,
            house.dogs,
            begin=begin,
            flushed=house.registry.flushed,
            link=self._slack.link,
            troubles=house.troubles.lines,
            outside=house.outside,
            logs=house.logs,
            permit=Permit(record.note, house.group_of),
        )

    def _around(
        self, house: Supervision, ghost: Ghost, ending: Ending, reload: Reload, record: Record
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what stands around the supervising. Imported in a thread, as it takes long."""
        for_desk, for_terminal, for_record = (house.bus.keep() for _ in range(3))

        async def run() -> None:
            app = await asyncio.to_thread(import_module, "ghostbot.app")
            own = app.Life(
                playground=self._playground,
                upgrades=self._upgrades,
                reload=reload,
                linked=self._slack.linked,
                for_desk=for_desk,
                for_terminal=for_terminal,
                for_record=for_record,
                record=record,
            )
            await app.surround(house, ghost, ending, self._found, own)

        return run

    def _hurry(self, ending: Ending) -> None:
        """End all the same, where what is around the daemons does not."""
        if ending.how is How.UPGRADE:
            self.become_next()
        give_up()

    def become_next(self) -> Handed:
        """Become the next Ghost in this process; return only where that fails."""
        more = ["--playground"] if self._playground else []
        return upgrade.become(
            self.config.path, self._lock, self._upgrades.handed, self._since, *more
        )


def _up(house: Supervision) -> str:
    """Say in a line how many daemons are well."""
    daemons = house.daemons().values()
    return f"{sum(d.is_ready for d in daemons)} of {len(daemons)} daemons up"


async def _until_told(ending: Ending, ghost: Ghost, systemd: Systemd) -> How:
    """Wait for the word to end, and stop the daemons first if that is the word."""
    how = await ending.told()
    if how is How.UPGRADE:
        systemd.reloading("upgrading")
    else:
        systemd.stopping()
    if how is not How.DOWN:
        return how
    kept = asyncio.create_task(ending.kept(), name="second word")
    down = asyncio.create_task(ghost.down(local("ghost")), name="down")
    await asyncio.wait({kept, down}, return_when=asyncio.FIRST_COMPLETED)
    for task in (kept, down):
        task.cancel()
    return how
