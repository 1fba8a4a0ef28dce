"""Each kind of probe has what looks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.probes.exec import Exec
from ghostbot.probes.http import Http, Session
from ghostbot.probes.log import Log
from ghostbot.probes.look import looker, open_session
from ghostbot.probes.tcp import Tcp
from ghostbot.probes.tunnel import Tunnel
from ghostbot.process.errand import Ended


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    opened = open_session()
    yield opened
    await opened.close()


async def never(*_: Any, **__: Any) -> Ended:
    raise AssertionError("nothing is run")


async def test_each_kind_has_its_own(session: Session, tmp_path: Path) -> None:
    kinds = {
        ProbeKind.HTTP: Http,
        ProbeKind.TCP: Tcp,
        ProbeKind.EXEC: Exec,
        ProbeKind.LOG: Log,
        ProbeKind.TUNNEL: Tunnel,
    }
    assert {*kinds, ProbeKind.NOTIFY} == set(ProbeKind)
    for kind, wanted in kinds.items():
        table = ProbeTable(kind=kind, label="x", command=("true",))
        found = looker(
            table,
            port=80,
            log=tmp_path / "x.log",
            cwd=tmp_path,
            env={},
            run=never,
            session=session,
        )
        assert isinstance(found, wanted)


async def test_what_tells_by_itself_is_not_judged(session: Session) -> None:
    table = ProbeTable(kind=ProbeKind.NOTIFY, label="notify")
    silent = looker(table, port=None, log=None, cwd=None, env={}, run=never, session=session)
    assert (await silent.look()).ok is None
