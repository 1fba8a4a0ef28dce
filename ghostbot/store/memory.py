"""What is kept while the file takes nothing, and how it comes back to the file afterwards.

Rule 1: a memory begins with what can be read of the file, and remembers how it began (`began`).
Rule 2: only what has changed since is carried over: what the file holds besides stays there.
Rule 3: no incident or proposal is given the number of another one, though the last may not have
        been read.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

MEMORY = ":memory:"
UNSEEN = 1_000  # numbers left for what the log beside the file (wal) may hold, and cannot be read
UNKNOWN = 1_000_000  # the numbers begin here where nothing of a file can be read

TABLES = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def in_memory(path: Path, was: sqlite3.Connection | None, schema: str) -> sqlite3.Connection:
    """Return a database in memory with what can still be read; `was` is closed."""
    memory = sqlite3.connect(MEMORY, check_same_thread=False)
    spare = _filled(memory, path, was)
    with memory:
        memory.executescript(schema)
        _leave_numbers(memory, spare)
        memory.execute(f"ATTACH '{MEMORY}' AS began")
    with memory:
        for table in _tables(memory):
            copy = f"CREATE TABLE began.{table} AS SELECT * FROM main.{table}"  # noqa: S608 - our own
            memory.execute(copy)
    return memory


def carry_over(memory: sqlite3.Connection, file: sqlite3.Connection, *, is_new: bool) -> None:
    """Do to `file`, in one transaction, what was done in `memory`; all of it where it is new."""
    if is_new:
        for table in _tables(memory):
            memory.execute(f"DELETE FROM began.{table}")  # noqa: S608 - names of our own schema
        memory.commit()
    with file:
        for table in _tables(memory):
            keys = _keys(memory, table)
            where = " AND ".join(f"{key} = ?" for key in keys)
            file.executemany(
                f"DELETE FROM {table} WHERE {where}",  # noqa: S608 - names of our own schema
                _less(memory, ", ".join(keys), f"began.{table}", f"main.{table}"),
            )
            columns = _columns(memory, table)
            file.executemany(
                f"REPLACE INTO {table} ({', '.join(columns)})"  # noqa: S608 - the same
                f" VALUES ({', '.join('?' * len(columns))})",
                _less(memory, ", ".join(columns), f"main.{table}", f"began.{table}"),
            )


def _filled(memory: sqlite3.Connection, path: Path, was: sqlite3.Connection | None) -> int:
    """Copy what can be read; return how many numbers to leave for what cannot."""
    if was is not None:
        with contextlib.closing(was), contextlib.suppress(sqlite3.Error):
            was.rollback()
            was.backup(memory)
            return 0
    if not path.is_file():
        return 0
    for how, spare in (("mode=ro", 0), ("immutable=1", UNSEEN)):  # sqlite.org/wal.html, 5
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path, how)) as file:
            file.backup(memory)
            return spare
    return UNKNOWN


def _read_only(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)


def _leave_numbers(memory: sqlite3.Connection, spare: int) -> None:
    if spare:
        (last,) = memory.execute("SELECT max(seq) FROM sqlite_sequence").fetchone()
        memory.execute("DELETE FROM sqlite_sequence")
        for table in ("incidents", "proposals"):
            memory.execute(
                "INSERT INTO sqlite_sequence VALUES (?, ?)", (table, (last or 0) + spare)
            )


def _tables(memory: sqlite3.Connection) -> list[str]:
    return [name for (name,) in memory.execute(TABLES)]


def _columns(memory: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in memory.execute(f"PRAGMA main.table_info({table})")]


def _keys(memory: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in memory.execute(f"PRAGMA main.table_info({table})") if row[5]]


def _less(
    memory: sqlite3.Connection, columns: str, one: str, other: str
) -> Iterator[tuple[object, ...]]:
    """Return what is in the one and not in the other."""
    return memory.execute(
        f"SELECT {columns} FROM {one} EXCEPT SELECT {columns} FROM {other}"  # noqa: S608 - the same
    )
