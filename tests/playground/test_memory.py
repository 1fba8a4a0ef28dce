"""What a playground knows of its earlier lives."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.playground import Playground, memory

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*api* died"}}


@pytest.fixture
def lives(manifest: dict[str, Any], tmp_path: Path) -> Any:
    """`await lives()` starts the next playground on the same file; all are stopped in the end."""
    return lambda: Playground(manifest, memory=tmp_path / "playground.json")


def client_of(playground: Playground, http: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(playground.bot_token, playground.api_url, session=http)


async def test_an_app_edits_in_the_next_life_what_it_posted_in_this_one(
    lives: Any, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    first = lives()
    await first.start()
    slack = client_of(first, http)
    post = await slack.chat_postMessage(channel="C0ALERTS", text="api died", blocks=[SECTION])
    await slack.chat_postMessage(channel="C0ALERTS", text="a step", thread_ts=post["ts"])
    await slack.chat_postEphemeral(channel="C0ALERTS", user="U0ALICE", text="for alice alone")
    first.share(("a.txt", b"words"), by="bob")
    await first.type("/invite @dave")
    await first.type("/topic news")
    seen = [m for m in first.messages() if not m["ephemeral"]]
    await first.stop()
    assert stat.S_IMODE((tmp_path / "playground.json").stat().st_mode) == 0o600

    second = lives()
    await second.start()
    assert second.messages() == seen
    assert [m["text"] for m in second.messages(thread_ts=post["ts"])] == ["api died", "a step"]
    await client_of(second, http).chat_update(channel="C0ALERTS", ts=post["ts"], text="up again")
    await second.type("hello", by="dave")
    texts = [m["text"] for m in second.messages()]
    assert (texts[0], texts[-1]) == ("up again", "hello")
    stamps = [m["ts"] for m in second.messages()]
    assert stamps == sorted(stamps)
    await second.stop()


async def test_what_a_killed_playground_was_told_is_in_its_file(
    lives: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "WRITE_S", 0.01)
    first, second = lives(), lives()
    await first.start()
    await first.type("remember me")
    assert first._memory is not None
    path = first._memory._path
    async with asyncio.timeout(10):
        while not path.exists() or "remember" not in path.read_text():  # noqa: ASYNC110 a file
            await asyncio.sleep(0.01)
    await second.start()  # beside the first, as if that were dead
    assert second.messages()[0]["text"] == "remember me"
    await second.stop()
    await first.stop()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"form": 2}', '{"form": 1, "messages": [{}]}'])
async def test_a_file_that_cannot_be_read_is_an_empty_slack(
    lives: Any, tmp_path: Path, text: str
) -> None:
    (tmp_path / "playground.json").write_text(text)
    playground = lives()
    await playground.start()
    assert playground.messages() == []
    await playground.type("anew")
    await playground.stop()
    assert "anew" in (tmp_path / "playground.json").read_text()


async def test_one_that_never_opened_writes_nothing(lives: Any, tmp_path: Path) -> None:
    playground = lives()
    await playground.stop()
    assert not (tmp_path / "playground.json").exists()


async def test_a_disk_that_takes_nothing_stops_nobody(
    manifest: dict[str, Any], tmp_path: Path
) -> None:
    playground = Playground(manifest, memory=tmp_path / "nowhere" / "playground.json")
    await playground.start()
    await playground.type("hello")
    await playground.stop()
    assert playground.messages()[0]["text"] == "hello"
