"""What nobody should ask for, over HTTP and on the command line: a clear no, and no change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from ghostbot.core.daemon import State
from tests.cli.test_commands import run
from tests.fakes.doors import Asked, open_doors
from tests.fakes.hostile import HOSTILE

WORDS = {what: text[:2_000] for what, text in HOSTILE.items() if text.strip()}
ROUTES = (
    *("GET /api/daemons/{}", "GET /api/daemons/{}/logs", "GET /api/daemons/{}/why"),
    *("POST /api/daemons/{}/restart", "POST /api/daemons/web/{}", "GET /api/{}"),
    *("GET /api/daemons/web/logs?lines={}", "GET /api/daemons/web/logs?{}=1"),
    "GET /api/daemons/web/logs?since={}",
)
BODIES = (
    *(
        {"verb": "{}", "all": True},
        {"verb": "stop", "names": ["{}"]},
        {"verb": "stop", "group": "{}"},
    ),
    *({"verb": "stop", "names": "{}"}, {"verb": "hold", "all": True, "for": "{}"}, {"{}": True}),
)


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    (tmp_path / "ghost.toml").write_text('[daemon.web]\ncommand = "true"\n')
    async with open_doors(tmp_path / ".ghost", listen=None) as opened:
        await opened.ask("POST /api/orders?wait=true", {"verb": "start", "all": True})
        yield opened


def both_up(asked: Asked) -> bool:
    return all(asked.kennel.state(name) is State.UP for name in ("web", "worker"))


@pytest.mark.parametrize("text", WORDS.values(), ids=WORDS.keys())
async def test_words_that_make_no_sense_are_refused_over_http(asked: Asked, text: str) -> None:
    word = quote(text.encode("utf-8", "surrogatepass"), safe="")
    for route in ROUTES:
        given = await asked.ask(route.format(word))
        assert 400 <= given.status < 500, (route, given.status)
        assert given.code
        assert len(given.body) < 3_000
    for body in BODIES:
        told = json.loads(json.dumps(body).replace("{}", json.dumps(text)[1:-1]))
        given = await asked.ask("POST /api/orders", told)
        assert 400 <= given.status < 500, (body, given.status)
        assert given.code
    found = await asked.ask(f"GET /api/daemons/web/logs?grep={word}")
    assert found.status in (200, 400)  # a line of HTTP has an end
    assert both_up(asked)


@pytest.mark.parametrize("text", [t for t in WORDS.values() if "\0" not in t and "\ud800" not in t])
async def test_words_that_make_no_sense_are_refused_on_the_command_line(
    asked: Asked, text: str
) -> None:
    for words in (("restart", text), ("logs", text), ("hold", "web", "--for", text), (text,)):
        ran = await asyncio.to_thread(run, asked.state_dir.parent, *words)
        assert ran.returncode in (2, 4), (words[0], ran.returncode, ran.stderr)
        assert ran.stderr
        assert "Traceback" not in ran.stderr
        assert not {"\x1b", "\x00", "\u202e"} & {*ran.stderr}
    assert both_up(asked)
