"""Proposals, kept over Ghost's restarts: what each is now, what came in, and what it would write.

Rule 1: a change is one transaction: read, decide, and written only where id, status, digest and
        turn are still those that were read. Who comes second changes nothing.
Rule 2: an idempotency key belongs to one proposal of its submitter, while that is kept.
Rule 3: numbers are never given twice, also where another file once gave them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ghostbot.core.patch import Change, Op, Place
from ghostbot.core.proposal import (
    MOVES,
    Approval,
    CheckLine,
    FileLine,
    Origin,
    Proposal,
    Status,
    Submitter,
    Way,
)
from ghostbot.store.database import Database

KEPT = 20_000  # of those that are over; the oldest go first
KEPT_WHOLE = 200  # and of those with their bytes, of up to 20 MB each
TRIM_EACH = 20  # proposals; a flood must not fill the disk between two days
OLD = "SELECT id FROM proposals WHERE is_over ORDER BY id DESC LIMIT -1 OFFSET ?"
NEXT = "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'proposals'), 0), ?) + 1"
ROW = "id, turn, body"

Decide = Callable[[Proposal], Proposal]  # pure; raises whatever it says no with


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A patch as it came in, with what its submitter may do: all that a plan is made of."""

    text: bytes
    format: str | None = None
    formats: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    shell_policy: str | None = None


class Proposals:
    """The tables of proposals."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self.above = 0  # no id up to this one is given again

    async def add(
        self, p: Proposal, asked: Asked, *, most: int | None = None
    ) -> tuple[Proposal | None, bool]:
        """Keep a new one and give it its id; True where it is new.

        One of the same submitter and key is given back as it is. None: this submitter has `most`
        that are not over.
        """

        def work(db: sqlite3.Connection) -> tuple[Proposal | None, bool]:
            if p.key is not None:
                which = "submitter = ? AND key = ?"
                if found := _rows(db, which, (p.submitter.id, p.key)):
                    return found[0], False
            count = "SELECT count(*) FROM proposals WHERE submitter = ? AND NOT is_over"
            if most is not None and db.execute(count, (p.submitter.id,)).fetchone()[0] >= most:
                return None, False
            rest = json.dumps({k: v for k, v in asdict(asked).items() if k != "text"})
            new = self._insert(db, p)
            db.execute("INSERT INTO texts VALUES (?,?,?)", (_number(new.id), rest, asked.text))
            if _number(new.id) % TRIM_EACH == 0:
                _trim(db)
            return new, True

        return await self._database.run(work)

    async def change(
        self,
        name: str,
        decide: Decide,
        changes: Sequence[Change] | None = None,
        *,
        without_text: bool = False,
    ) -> tuple[Proposal, Proposal]:
        """Change one as `decide` says, and return it as it was and as it is.

        `changes` are the plan that it has from now on; `without_text` forgets what came in.
        Raises LookupError where there is none of that id, and what `decide` raises; nothing is
        written then.
        """

        def work(db: sqlite3.Connection) -> tuple[Proposal, Proposal]:
            row = _row_of(db, name)
            if row is None:
                raise LookupError(name)
            was = _proposal(row)
            now = decide(was)
            _update(db, was, now, row[1])
            if changes is not None:
                _keep_plan(db, row[0], changes)
            if without_text:
                db.execute("PRAGMA secure_delete = ON")  # what is deleted is written over
                db.execute("DELETE FROM texts WHERE id = ?", (row[0],))
            return was, now

        return await self._database.run(work)

    async def supersede(
        self, name: str, decide: Decide, anew: Decide
    ) -> tuple[Proposal, Proposal, Proposal | None]:
        """Change one as `decide` says, and keep in its place what `anew` makes of it.

        That has the same text. None where that is no longer kept. Raises as `change`.
        """

        def work(db: sqlite3.Connection) -> tuple[Proposal, Proposal, Proposal | None]:
            row = _row_of(db, name)
            if row is None:
                raise LookupError(name)
            was = _proposal(row)
            now, new = decide(was), None
            if db.execute("SELECT 1 FROM texts WHERE id = ?", (row[0],)).fetchone():
                new = self._insert(db, anew(was))
                copy = "INSERT INTO texts SELECT ?, rest, text FROM texts WHERE id = ?"
                db.execute(copy, (_number(new.id), row[0]))
                now = replace(now, followed_by=new.id)
            _update(db, was, now, row[1])
            return was, now, new

        return await self._database.run(work)

    async def get(self, name: str) -> Proposal | None:
        """Return one, or None."""

        def work(db: sqlite3.Connection) -> Proposal | None:
            row = _row_of(db, name)
            return None if row is None else _proposal(row)

        return await self._database.run(work)

    async def find(
        self,
        *,
        root: str | None = None,
        status: Status | None = None,
        submitter: str | None = None,
        limit: int = 50,
    ) -> list[Proposal]:
        """Return those of which all that is asked for is so, the newest first."""
        wanted = {"root": root, "status": status and status.value, "submitter": submitter}
        said = {key: value for key, value in wanted.items() if value is not None}
        which = " AND ".join(f"{key} = ?" for key in said) or "1"
        values = tuple(said.values())
        return await self._database.run(lambda db: _rows(db, which, values, limit))

    async def open(self) -> list[Proposal]:
        """Return those that are not over, the oldest first."""
        found = await self._database.run(lambda db: _rows(db, "NOT is_over", (), -1))
        return found[::-1]

    async def applied(self, since: float) -> list[Proposal]:
        """Return those that were applied since then (epoch seconds), the newest first."""
        which = "status = 'applied' AND updated_at >= ?"
        return await self._database.run(lambda db: _rows(db, which, (since,), -1))

    async def reverts(self, name: str) -> list[Proposal]:
        """Return those that were to take this one back, the newest first."""
        which = "json_extract(body, '$.reverts') = ?"
        return await self._database.run(lambda db: _rows(db, which, (name,), -1))

    async def asked(self, name: str) -> Asked | None:
        """Return what came in, while it is kept."""

        def work(db: sqlite3.Connection) -> Asked | None:
            query = "SELECT rest, text FROM texts WHERE id = ?"
            row = db.execute(query, (_number(name),)).fetchone()
            if row is None:
                return None
            rest: dict[str, Any] = json.loads(row[0])
            formats, paths = tuple(rest.pop("formats")), tuple(rest.pop("paths"))
            return Asked(text=row[1], formats=formats, paths=paths, **rest)

        return await self._database.run(work)

    async def plan(self, name: str) -> tuple[Change, ...] | None:
        """Return what one would write, while that is kept; None where it never had a plan."""

        def work(db: sqlite3.Connection) -> tuple[Change, ...] | None:
            query = "SELECT head, base, new FROM plans WHERE id = ? ORDER BY number"
            return tuple(_change(*row) for row in db.execute(query, (_number(name),))) or None

        return await self._database.run(work)

    async def forget(self, before: float) -> int:
        """Forget the bytes of what was over before then (epoch seconds); tell of how many."""

        def work(db: sqlite3.Connection) -> int:
            old = "SELECT id FROM proposals WHERE is_over AND updated_at < ?"
            gone = db.execute(f"DELETE FROM texts WHERE id IN ({old})", (before,))  # noqa: S608  our own words
            db.execute(f"DELETE FROM plans WHERE id IN ({old})", (before,))  # noqa: S608  the same
            _trim(db)
            return gone.rowcount

        return await self._database.run(work)

    def _insert(self, db: sqlite3.Connection, p: Proposal) -> Proposal:
        (number,) = db.execute(NEXT, (self.above,)).fetchone()
        new = replace(p, id=f"p{number}")
        db.execute("INSERT INTO proposals VALUES (?,?,?,?,?,?,?,?,?,?)", _row(new, 0))
        return new


def _trim(db: sqlite3.Connection) -> None:
    """Forget the oldest of what is over: first their bytes, then themselves."""
    for table, kept in (("texts", KEPT_WHOLE), ("plans", KEPT_WHOLE), ("proposals", KEPT)):
        db.execute(f"DELETE FROM {table} WHERE id IN ({OLD})", (kept,))  # noqa: S608  our own words


def _update(db: sqlite3.Connection, was: Proposal, now: Proposal, turn: int) -> None:
    assert now.status is was.status or now.status in MOVES.get(was.status, ()), (
        f"{was.id} cannot go from {was.status} to {now.status}"
    )
    found = db.execute(
        "UPDATE proposals SET turn = ?, submitter = ?, key = ?, root = ?, status = ?,"
        " digest = ?, is_over = ?, updated_at = ?, body = ?"
        " WHERE id = ? AND status = ? AND digest IS ? AND turn = ?",
        (*_row(now, turn + 1)[1:], _number(was.id), was.status.value, was.digest, turn),
    )
    assert found.rowcount == 1, "each change is one transaction, one after the other"


def _number(name: str) -> int:
    """Return the number in an id; -1 is that of none."""
    word = name.removeprefix("p")
    good = name.startswith("p") and word.isascii() and word.isdigit() and len(word) < 16  # noqa: PLR2004  int64
    return int(word) if good else -1


def _row_of(db: sqlite3.Connection, name: str) -> tuple[int, int, str] | None:
    query = f"SELECT {ROW} FROM proposals WHERE id = ?"  # noqa: S608  our own words
    found: tuple[int, int, str] | None = db.execute(query, (_number(name),)).fetchone()
    return found


def _rows(
    db: sqlite3.Connection, which: str, values: tuple[object, ...], limit: int = 1
) -> list[Proposal]:
    query = f"SELECT {ROW} FROM proposals WHERE {which} ORDER BY id DESC LIMIT ?"  # noqa: S608  the same
    return [_proposal(row) for row in db.execute(query, (*values, limit))]


def _row(p: Proposal, turn: int) -> tuple[object, ...]:
    body = asdict(p)
    del body["id"]
    return (
        _number(p.id),
        turn,
        p.submitter.id,
        p.key,
        p.root,
        p.status.value,
        p.digest,
        p.is_over,
        p.updated_at,
        json.dumps(body),  # ASCII: paths may be no Unicode
    )


def _proposal(row: tuple[int, int, str]) -> Proposal:
    body: dict[str, Any] = json.loads(row[2])
    read = {
        "status": Status(body.pop("status")),
        "submitter": _who(Submitter, body.pop("submitter")),
        "where": _maybe(Place, body.pop("where")),
        "origin": _maybe(Origin, body.pop("origin")),
        "risk": tuple(body.pop("risk")),
        "skipped": tuple(body.pop("skipped")),
        "left": tuple(body.pop("left")),
        "approvals": tuple(_who(Approval, one) for one in body.pop("approvals")),
        "files": tuple(
            FileLine(**one | {"notes": tuple(one["notes"])}) for one in body.pop("files")
        ),
        "checks": tuple(CheckLine(**one) for one in body.pop("checks")),
    }
    denial = body.pop("denial")
    read["denial"] = None if denial is None else _who(Approval, denial)
    return Proposal(id=f"p{row[0]}", **read, **body)


def _who(kind: Callable[..., Any], fields: dict[str, Any]) -> Any:
    return kind(**fields | {"way": Way(fields["way"])})


def _maybe(kind: Callable[..., Any], fields: dict[str, Any] | None) -> Any:
    return None if fields is None else kind(**fields)


def _keep_plan(db: sqlite3.Connection, number: int, changes: Sequence[Change]) -> None:
    db.execute("DELETE FROM plans WHERE id = ?", (number,))
    for at, one in enumerate(changes):
        head = {
            "path": one.path,
            "op": one.op.value,
            "base_mode": one.base_mode,
            "new_mode": one.new_mode,
            "source": one.source,
            "notes": one.notes,
        }
        row = (number, at, json.dumps(head), one.base, one.new)
        db.execute("INSERT INTO plans VALUES (?,?,?,?,?)", row)


def _change(head: str, base: bytes | None, new: bytes | None) -> Change:
    read: dict[str, Any] = json.loads(head)
    op, notes = Op(read.pop("op")), tuple(read.pop("notes"))
    return Change(op=op, notes=notes, base=base, new=new, **read)
