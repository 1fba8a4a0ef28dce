"""Hours of daemons over Ghost's restarts."""

from __future__ import annotations

from pathlib import Path

from ghostbot.core.history import KEPT_S, Hour
from ghostbot.store.database import Database
from ghostbot.store.history import History


async def test_parts_of_an_hour_add_up_and_what_is_old_goes(tmp_path: Path) -> None:
    database = Database(tmp_path / "ghost.db")
    kept = History(database)
    await kept.add([("web", Hour(7200, 60.0, 50.0, 1, 1, 0)), ("db", Hour(0, 1.0, 1.0))], 7300.0)
    await kept.add([("web", Hour(7200, 60.0, 60.0, 0, 0, 1))], 7400.0)
    assert await kept.between(3600, 10_800) == {"web": [Hour(7200, 120.0, 110.0, 1, 1, 1)]}
    await kept.add([("web", Hour(KEPT_S + 7200))], KEPT_S + 7201.0)
    assert list(await kept.between(0, 2 * KEPT_S)) == ["web"]
    assert [h.at for h in (await kept.between(0, 2 * KEPT_S))["web"]] == [KEPT_S + 7200]
    await database.close()
