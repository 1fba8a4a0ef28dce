"""Instances: one table of the file becomes web-1, web-2 …, and `web` goes on to name them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ghostbot.config.model import DaemonTable


def instance_names(table: DaemonTable) -> tuple[str, ...]:
    """Return the names under which a table of the file is started."""
    if table.instances == 1:
        return (table.name,)
    return tuple(f"{table.name}-{n}" for n in range(1, table.instances + 1))


def expanded(tables: Mapping[str, DaemonTable]) -> dict[str, DaemonTable]:
    """Return one table for each daemon that is to run; what comes after `web` comes after all."""
    meant = {name: instance_names(table) for name, table in tables.items()}
    found: dict[str, DaemonTable] = {}
    for table in tables.values():
        names = (meant.get(name, (name,)) for name in table.after)
        after = tuple(dict.fromkeys(name for each in names for name in each))
        for number, name in enumerate(meant[table.name], 1):
            found[name] = _one(replace(table, after=after), name, number)
    return found


def _one(table: DaemonTable, name: str, number: int) -> DaemonTable:
    if table.instances == 1:
        return table
    log, stderr = table.log, table.log.stderr
    own = replace(
        log, path=_numbered(log.path, number), stderr=stderr and _numbered(stderr, number)
    )
    return replace(table, name=name, of=table.name, instance=number, log=own)


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number}{path.suffix}")
