"""What was not said yet, on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghostbot.store import outbox as table
from ghostbot.store.database import Database
from ghostbot.store.outbox import Row, Unsaid


def row(number: int, **changes: object) -> Row:
    fields = {
        "key": f"k{number}",
        "number": number,
        "channel": "#x",
        "under": None,
        "broadcast": False,
        "body": "[]",
        "tried_at": None,
    }
    return Row(**fields | changes)  # type: ignore[arg-type]


async def test_rows_come_back_in_their_order_as_they_were(tmp_path: Path) -> None:
    database = Database(tmp_path / "ghost.db")
    kept = [row(1), row(2, under="k1", broadcast=True), row(3, tried_at=12.5)]
    await Unsaid(database).write([kept[2], kept[0], kept[1], row(4)], ["k4", "never there"])
    await database.close()
    database = Database(tmp_path / "ghost.db")
    assert await Unsaid(database).load() == kept
    await database.close()


async def test_a_newer_form_takes_the_place_of_the_older(tmp_path: Path) -> None:
    database = Database(tmp_path / "ghost.db")
    unsaid = Unsaid(database)
    await unsaid.write([row(1, body="old")], [])
    await unsaid.write([row(1, body="new")], [])
    assert [r.body for r in await unsaid.load()] == ["new"]
    await database.close()


async def test_only_the_newest_rows_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "KEPT", 10)
    database = Database(tmp_path / "ghost.db")
    unsaid = Unsaid(database)
    await unsaid.write([row(number) for number in range(25)], [])
    assert [r.number for r in await unsaid.load()] == list(range(15, 25))
    assert len(await database.run(lambda db: db.execute("SELECT 1 FROM outbox").fetchall())) == 10
    await database.close()
