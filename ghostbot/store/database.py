"""One SQLite file, one thread, and no failure of it that reaches further than a told line.

Rule 1: everything runs on one thread, in the order in which it was asked for; each `run` is one
        transaction.
Rule 2: a file that makes no sense is kept aside and a new one begun; where none can be written,
        Ghost goes on in memory, with what the file held if that can still be read.
Rule 3: while it goes on in memory, the file is tried again each half minute and at the end; what
        was written meanwhile is carried over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ghostbot.store.memory import carry_over, in_memory

T = TypeVar("T")

BUSY_S = 5.0
AGAIN_S = 30.0  # a disk that is full is seldom emptied sooner, and each try reads the whole file
SPOILT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}  # not the disk's

SCHEMA = """
CREATE TABLE IF NOT EXISTS incidents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  daemon TEXT NOT NULL,
  is_over INTEGER NOT NULL,
  changed_at REAL NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS incidents_open ON incidents (is_over, changed_at);
CREATE TABLE IF NOT EXISTS posts (
  key TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  ts TEXT NOT NULL,
  at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
  key TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  channel TEXT NOT NULL,
  under TEXT,
  broadcast INTEGER NOT NULL,
  body TEXT NOT NULL,
  tried_at REAL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks (
  id INTEGER PRIMARY KEY,
  is_over INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS heals (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS findings (
  subject TEXT NOT NULL,
  label TEXT NOT NULL,
  at INTEGER NOT NULL,
  looks INTEGER NOT NULL,
  well INTEGER NOT NULL,
  unknown INTEGER NOT NULL,
  took_s REAL NOT NULL,
  slowest_s REAL NOT NULL,
  PRIMARY KEY (subject, label, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS findings_at ON findings (at);
CREATE TABLE IF NOT EXISTS history (
  daemon TEXT NOT NULL,
  at INTEGER NOT NULL,
  wanted_s REAL NOT NULL,
  up_s REAL NOT NULL,
  deaths INTEGER NOT NULL,
  restarts INTEGER NOT NULL,
  drills INTEGER NOT NULL,
  PRIMARY KEY (daemon, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS silences (
  name TEXT PRIMARY KEY,
  by_id TEXT NOT NULL,
  by_name TEXT NOT NULL,
  at REAL NOT NULL,
  until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  is_deed INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  at REAL NOT NULL,
  more TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_deed ON events (is_deed, id);
CREATE INDEX IF NOT EXISTS events_kind ON events (kind, id);
CREATE TABLE IF NOT EXISTS claims (
  team TEXT NOT NULL,
  user TEXT NOT NULL,
  name TEXT NOT NULL,
  at REAL NOT NULL,
  PRIMARY KEY (team, user)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
  key TEXT PRIMARY KEY,
  at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS proposals (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  turn INTEGER NOT NULL,
  submitter TEXT NOT NULL,
  key TEXT,
  root TEXT,
  status TEXT NOT NULL,
  digest TEXT,
  is_over INTEGER NOT NULL,
  updated_at REAL NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS proposals_keys ON proposals (submitter, key);
CREATE INDEX IF NOT EXISTS proposals_open ON proposals (is_over, updated_at);
CREATE TABLE IF NOT EXISTS plans (
  id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  head TEXT NOT NULL,
  base BLOB,
  new BLOB,
  PRIMARY KEY (id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS texts (
  id INTEGER PRIMARY KEY,
  rest TEXT NOT NULL,
  text BLOB NOT NULL
) STRICT;
"""

log = logging.getLogger("ghost.store")


class Database:
    """The file and its thread. It is opened by the first `run`."""

    def __init__(self, path: Path, tell: Callable[[str | None], None] = lambda _: None) -> None:
        """Take where the file is, and who hears when it fails."""
        self._path = path
        self._tell = tell
        self._connection: sqlite3.Connection | None = None
        self._again_at: float | None = None  # monotonic: when the file is tried again
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ghost-store")

    async def run(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run `fn` in a transaction on the database's thread and return what it returns.

        When the file fails, `fn` is run again in memory: it must do nothing else.
        """
        done, told = await asyncio.get_running_loop().run_in_executor(self._thread, self._do, fn)
        for line in told:
            self._tell(line)
        return done

    async def is_kept(self) -> bool:
        """Tell whether what is written now outlives Ghost; by asking the file."""

        def where(db: sqlite3.Connection) -> bool:
            return bool(db.execute("PRAGMA database_list").fetchone()[2])

        return await self.run(where)

    async def close(self) -> None:
        """Close the file; idempotent."""
        with contextlib.suppress(RuntimeError):  # closed before
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _close(self) -> None:
        if self._connection is None:
            return
        if self._again_at is not None:
            self._return([])
        self._connection.close()
        self._connection = None

    def _do(self, fn: Callable[[sqlite3.Connection], T]) -> tuple[T, list[str | None]]:
        told: list[str | None] = []
        if self._connection is None:
            self._connection = self._open(told)
        elif self._again_at is not None and time.monotonic() >= self._again_at:
            self._return(told)
        try:
            with self._connection:
                return fn(self._connection), told
        except sqlite3.IntegrityError:
            raise  # the caller's mistake, not the file's
        except sqlite3.DatabaseError as error:
            if self._again_at is not None:
                raise  # there is no disk to blame
            self._connection = self._lost(error, self._connection, told)
            with self._connection:
                return fn(self._connection), told

    def _open(self, told: list[str | None]) -> sqlite3.Connection:
        try:
            return _file(self._path)
        except (sqlite3.Error, OSError) as error:
            first = error
        try:
            return self._begun_anew(first, told)
        except (sqlite3.Error, OSError):
            return self._lost(first, None, told)

    def _begun_anew(self, why: Exception, told: list[str | None]) -> sqlite3.Connection:
        """Put a file that makes no sense aside. Raises `why` where the disk is what fails."""
        if not _is_spoilt(why):
            raise why
        aside = _put_aside(self._path)
        opened = _file(self._path)
        told.append(f"cannot read {self._path}: {why}; it is kept as {aside.name}, a new one begun")
        log.error("database kept aside path=%s why=%s", aside, why)
        return opened

    def _lost(
        self, why: Exception, was: sqlite3.Connection | None, told: list[str | None]
    ) -> sqlite3.Connection:
        told.append(
            f"cannot keep {self._path}: {why}; what happens now is forgotten when Ghost ends, "
            "unless the file can be written before"
        )
        log.error("database in memory path=%s why=%s", self._path, why)
        self._again_at = time.monotonic() + AGAIN_S
        return in_memory(self._path, was, SCHEMA)

    def _return(self, told: list[str | None]) -> None:
        """Go back to the file with what was written in memory, if it takes that."""
        memory, self._again_at = self._connection, time.monotonic() + AGAIN_S
        assert memory is not None, "who goes back has a memory"
        said: list[str | None] = [None]
        is_new = not self._path.exists()
        try:
            try:
                file = _file(self._path)
            except sqlite3.Error as error:
                file, is_new = self._begun_anew(error, said), True
            try:
                carry_over(memory, file, is_new=is_new)
            except BaseException:
                file.close()
                raise
        except (sqlite3.Error, OSError) as error:
            log.info("database still in memory path=%s why=%s", self._path, error)
            return
        memory.close()
        self._connection, self._again_at = file, None
        told.extend(said)
        log.warning("database kept again path=%s", self._path)


def _is_spoilt(error: Exception) -> bool:
    """Tell whether the file itself is to blame, and not its disk."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return isinstance(error, sqlite3.Error) and code & 0xFF in SPOILT


def _file(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _check(connection)
        return _prepared(connection)
    except BaseException:
        connection.close()
        raise


def _check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    with connection:
        connection.executescript(SCHEMA)
        connection.execute("PRAGMA user_version = 1")
    return connection


def _put_aside(path: Path) -> Path:
    """Rename the file and what belongs to it, so that nothing that was in it is lost."""
    aside = path.with_name(f"{path.name}.broken-{int(time.time())}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        with contextlib.suppress(OSError):
            beside.rename(aside.with_name(aside.name + suffix))
    return aside
