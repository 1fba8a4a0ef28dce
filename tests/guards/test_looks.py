"""Looks whose probes name the address of a tunnel, and what an agent names."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ghostbot.config.model import CheckTable, ProbeKind, ProbeTable
from ghostbot.guards.looks import Looks
from tests.fakes.errands import errand
from tests.fakes.servers import Pages, free_port, serving

PROBE = ProbeTable(kind=ProbeKind.HTTP, label="http", url="${tunnel.ngrok.url}/health")
CHECK = CheckTable(name="site", probe=PROBE)


def no_tape(name: str) -> Any:
    raise AssertionError(f"{name} is no daemon")


@pytest.fixture
async def looks(tmp_path: Path) -> AsyncIterator[tuple[Looks, dict[str, str]]]:
    book: dict[str, str] = {}
    made = Looks(errand, tmp_path, tape=no_tape, begun={}, known=book.get)
    yield made, book
    await made.close()


async def test_a_check_of_an_address_that_is_not_known_is_unknown_and_follows_it(
    looks: tuple[Looks, dict[str, str]],
) -> None:
    made, book = looks
    one, two = Pages(), Pages()
    one.put("/health")
    look = made.of(CHECK, PROBE)
    found = await look()
    assert (found.ok, found.said) == (None, "cannot look: the address of ngrok is not known yet")
    async with serving(one.handle) as first, serving(two.handle) as second:
        book["ngrok"] = f"http://127.0.0.1:{first}"
        assert (await look()).ok is True
        book["ngrok"] = f"http://127.0.0.1:{second}"
        assert (await look()).ok is False
        assert [path for path, _ in two.asked] == ["/health"]
        book.clear()
        assert (await look()).ok is None


async def test_an_agent_names_its_address_and_what_is_none_names_nothing(
    looks: tuple[Looks, dict[str, str]],
) -> None:
    made, _ = looks
    pages = Pages()
    async with serving(pages.handle) as port:
        at = f"http://127.0.0.1:{port}/some/page?x=1"
        assert await made.named_by(at) is None
        pages.put("/api/tunnels", '{"tunnels": []}')
        assert await made.named_by(at) == ""
        pages.put("/api/tunnels", json.dumps({"tunnels": [{"public_url": "https://a.example"}]}))
        assert await made.named_by(at) == "https://a.example"
        assert all("?" not in path for path, _ in pages.asked)
    assert await made.named_by(f"http://127.0.0.1:{free_port()}") == ""
