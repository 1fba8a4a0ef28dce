"""How soon the world is told that a daemon is dead."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.real_ghost import real_ghost

TIMES = 9
SOON_S = 0.05


@pytest.mark.alone
async def test_a_dead_daemon_is_shown_as_dead_within_fifty_milliseconds(tmp_path: Path) -> None:
    """In the API, beside what an answer takes at all."""
    toml = '[web]\nlisten = "off"\n[defaults]\nready_after = "10ms"\nrestart_delay = "200ms"\n'
    toml += "".join(f'[daemon.d{n}]\ncommand = ["sleep", "1000"]\n' for n in range(TIMES))
    async with real_ghost(tmp_path, toml, None) as ghost:
        house = await ghost.all_up()
        connector = aiohttp.UnixConnector(ghost.socket)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def state(name: str) -> str:
                async with session.get(f"http://ghost/api/daemons/{name}") as answer:
                    found: str = (await answer.json())["state"]
                    return found

            took: list[float] = []
            for name, daemon in house.items():
                begun = time.perf_counter()
                os.kill(daemon["pid"], signal.SIGKILL)
                async with asyncio.timeout(10):
                    while await state(name) == "up":
                        pass
                took.append(time.perf_counter() - begun)
        assert statistics.median(took) < SOON_S, took
        assert max(took) < 5 * SOON_S, took
