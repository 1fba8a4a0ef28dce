"""`ghost status` is quick: little more than Python itself, and nothing heavy imported."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.doors import daemon, open_doors

HEAVY = {
    "asyncio",
    "aiohttp",
    "pydantic",
    "rich",
    "click",
    "inspect",
    "psutil",
    "ssl",
    "email",
    "http.client",
}
ROOT = Path(__file__).parents[2]


def seconds(command: list[str], folder: Path) -> float:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
    return time.perf_counter() - began


@pytest.mark.alone
async def test_status_takes_no_more_than_five_bare_pythons(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text("")
    state = tmp_path / ".ghost"
    many = [daemon(state, f"d{n}") for n in range(100)]

    def compare() -> float:
        status = [sys.executable, "-m", "ghostbot", "status"]
        bare = [sys.executable, "-c", "pass"]
        pairs = [(seconds(status, tmp_path), seconds(bare, tmp_path)) for _ in range(10)]
        # The quickest of each: what else this machine does only ever adds to both.
        return min(a for a, _ in pairs) / min(b for _, b in pairs)

    async with open_doors(state, *many, listen=None):
        ratio = await asyncio.to_thread(compare)
    assert ratio <= 5, f"ghost status takes {ratio:.1f} bare Pythons"


async def test_status_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "ghost.toml").write_text("")
    code = (
        "import sys; sys.argv = ['ghost', 'status']; from ghostbot.cli.entry import main; "
        "code = main(); print(*sys.modules); sys.exit(code)"
    )
    async with open_doors(tmp_path / ".ghost", listen=None):
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
    assert HEAVY.isdisjoint(ran.stdout.split())
    assert not any(name.startswith("ghostbot.cli.up") for name in ran.stdout.split())
