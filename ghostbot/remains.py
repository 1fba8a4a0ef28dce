"""What a Ghost that is gone left running, and its end: `ghost down` without a Ghost.

Rule 1: whoever calls this holds the lock, so that no Ghost is there, and none begins meanwhile.
Rule 2: daemons are found by records, journal and markers, as by the next Ghost; those that
        ghost.toml no longer names, or cannot, are stopped too, each as the defaults say.
Rule 3: this is no person's stop of a daemon: the next `ghost up` starts them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ghostbot import errors
from ghostbot.config.load import load
from ghostbot.config.model import Config, DaemonTable, GhostTable, LogTable
from ghostbot.core.daemon import State
from ghostbot.ghost import Ghost
from ghostbot.guards.lifecycle import Lifecycle
from ghostbot.orders import Actor, Outcomes
from ghostbot.process.identity import command_of
from ghostbot.process.journal import Journal
from ghostbot.process.presence import state_id
from ghostbot.process.registry import Registry
from ghostbot.process.tree import Snapshot
from ghostbot.supervision import Supervision, supervision
from ghostbot.troubles import Troubles

_Order = Coroutine[Any, Any, Outcomes]


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of the remains."""

    names: tuple[str, ...]  # whose processes were ended
    left: tuple[tuple[int, str], ...]  # pid and command of whoever runs on
    mistakes: tuple[str, ...] = ()  # of ghost.toml, where it could not be read


def stop(config_path: Path, state_dir: Path, environ: Mapping[str, str], actor: Actor) -> Stopped:
    """Stop every daemon that was left, in reverse order, and return when they are gone."""
    mistakes: tuple[str, ...] = ()
    try:
        config = load(config_path, environ)
    except errors.ConfigError as error:
        mistakes = error.mistakes
        config = Config(
            path=config_path, ghost=GhostTable(name="", state_dir=state_dir), daemons={}
        )
    config = replace(config, daemons={**config.daemons, **_unknown(state_dir, config.daemons)})
    names = asyncio.run(_stop(config, actor))
    marked = Snapshot.take().marked(f"{state_id(state_dir)}/")
    return Stopped(names, tuple((s.pid, command_of(s.pid)) for s in marked), mistakes)


async def _stop(config: Config, actor: Actor) -> tuple[str, ...]:
    async with supervision(config, Troubles()) as house, asyncio.TaskGroup() as tasks:
        facts = house.bus.keep()
        Lifecycle(house.dogs, house.bus).begin(house.runs, starting=False)
        dogs = [tasks.create_task(dog.run(), name=name) for name, dog in house.dogs.items()]
        await _ghost(house, tasks).down(actor)
        for task in dogs:
            task.cancel()
    stopped = {fact.after.name for fact in facts.drain() if fact.after.state is State.STOPPING}
    return tuple(name for name in config.daemons if name in stopped)


def _ghost(house: Supervision, tasks: asyncio.TaskGroup) -> Ghost:
    def begin(order: _Order, name: str) -> asyncio.Task[Outcomes]:
        return tasks.create_task(order, name=name)

    return Ghost(
        house.config,
        house.dogs,
        begin=begin,
        flushed=house.registry.flushed,
        link=str,
        troubles=house.troubles.lines,
        outside=house.outside,
        logs=house.logs,
    )


def _unknown(state_dir: Path, known: Iterable[str]) -> dict[str, DaemonTable]:
    """Return a table for each daemon that the state directory knows and the config does not."""
    journal = Journal(state_dir / "journal" / "spawns.jsonl")
    names = set(journal.read()) | set(Registry(state_dir / "process-registry.json").load())
    journal.close()
    snapshot, prefix = Snapshot.take(), f"{state_id(state_dir)}/"
    for stat in snapshot.marked(prefix):
        names.add((snapshot.marker(stat.pid) or "").split("/")[1])
    return {
        name: DaemonTable(
            name=name,
            command=("true",),  # never started
            cwd=state_dir,
            log=LogTable(path=state_dir / "logs" / f"{name}.log"),
        )
        for name in sorted(names.difference(known))
    }
