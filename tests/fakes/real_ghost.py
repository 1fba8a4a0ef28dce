"""A real Ghost as a real process on a real playground, to be used, killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import psutil
import yaml

from ghostbot.playground import Playground
from ghostbot.process.presence import state_id

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "programs"
LOOK_S = 0.03  # a file and another process's API tell nobody when they change
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


def program(name: str, *words: object) -> str:
    """Return a command that runs one of tests/programs, as ghost.toml writes it."""
    return json.dumps([sys.executable, "-S", str(PROGRAMS / name), *map(str, words)])


async def until(look: Callable[[], T | None], what: str, within_s: float = 15) -> T:
    """Look until there is something to see, and return it."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not (found := look()):
        assert asyncio.get_running_loop().time() < deadline, f"never seen: {what}"
        await asyncio.sleep(LOOK_S)
    return found


class RealGhost:
    """One state directory, and the Ghosts that hold it one after the other."""

    def __init__(self, folder: Path, toml: str, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.config = folder / "ghost.toml"
        self.config.write_text(textwrap.dedent(toml))
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith("SLACK_")}
        self.environ |= {"PYTHONUNBUFFERED": "1", **environ}
        for name in PROXIES:
            self.environ.pop(name, None)
        self.state_dirs = [folder / ".ghost"]  # the last is the present one
        self.process: asyncio.subprocess.Process | None = None
        self.seen: set[int] = set()  # every pid that was ever shown: none may outlive the test
        self.out = folder / "out.txt"
        self.words: tuple[str, ...] = ()  # more for `ghost up`
        self.python = sys.executable

    @property
    def socket(self) -> str:
        return str(self.state_dirs[-1] / "ghost.sock")

    async def up(self) -> None:
        """Start Ghost and wait until it answers."""
        with self.out.open("ab") as out:
            self.process = await asyncio.create_subprocess_exec(
                self.python,
                "-m",
                "ghostbot",
                "up",
                "-c",
                str(self.config),
                *self.words,
                cwd=ROOT,
                env=self.environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        await self._answers()

    async def _answers(self) -> None:
        deadline = asyncio.get_running_loop().time() + 20
        while True:
            assert self.process is not None
            assert self.process.returncode is None, self.out.read_text()
            with suppress(aiohttp.ClientError, OSError):
                await self.get("/api/daemons")
                return
            assert asyncio.get_running_loop().time() < deadline, self.out.read_text()
            await asyncio.sleep(LOOK_S)

    async def get(self, path: str) -> Any:
        return await self._ask("GET", path)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self._ask("POST", path, body)

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connector = aiohttp.UnixConnector(self.socket)
        timeout = aiohttp.ClientTimeout(total=65)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.request(method, f"http://ghost{path}", json=body) as answer,
        ):
            return await answer.json()

    async def daemons(self) -> dict[str, dict[str, Any]]:
        """Return all daemons by name."""
        found = {d["name"]: d for d in (await self.get("/api/daemons"))["daemons"]}
        self.seen |= {d["pid"] for d in found.values() if d["pid"]}
        return found

    async def daemon(
        self, name: str, is_so: Callable[[dict[str, Any]], Any], within_s: float = 20
    ) -> dict[str, Any]:
        """Wait until something is so of a daemon, and return it."""
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            found = (await self.daemons())[name]
            if is_so(found):
                return found
            assert asyncio.get_running_loop().time() < deadline, f"never so: {found}"
            await asyncio.sleep(LOOK_S)

    async def all_up(self) -> dict[str, dict[str, Any]]:
        for name in await self.daemons():
            await self.daemon(name, lambda d: d["word"] in {"up", "done"})
        return await self.daemons()

    async def cli(self, *words: str) -> tuple[int, str, str]:
        """Run `ghost` with these words; return exit code, stdout, stderr."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ghostbot",
            *words,
            cwd=self.folder,
            env=self.environ | {"PYTHONPATH": str(ROOT)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 40)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Signal Ghost and wait for its end; return its exit code."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 30)

    async def clear(self) -> None:
        """End Ghost and every process that carries its marker, by pid."""
        if self.process is not None and self.process.returncode is None:
            await self.end(signal.SIGKILL)
        while left := await asyncio.to_thread(self.marked):  # they may fork meanwhile
            for process in left:
                with suppress(psutil.Error):
                    process.kill()
            await until(lambda gone=left: not any(map(_lives, gone)), "the end of every daemon")  # type: ignore[misc]

    def marked(self) -> list[psutil.Process]:
        """Return who was started for this state directory, and still runs."""
        return list(self.units())

    def units(self) -> dict[psutil.Process, str]:
        """Return the same, each with its marker: it may be gone before it is asked again."""
        prefixes = tuple(f"{state_id(path)}/" for path in self.state_dirs)
        found = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                unit = process.environ().get("GHOST_UNIT", "")
                if unit.startswith(prefixes) and process.status() != psutil.STATUS_ZOMBIE:
                    found[process] = unit
        return found


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    return loaded


@asynccontextmanager
async def real_ghost(
    folder: Path, toml: str, slack: Playground | None, **environ: str
) -> AsyncIterator[RealGhost]:
    """Run Ghost on a ghost.toml, in Slack where a playground is given."""
    tokens = {}
    if slack is not None:
        tokens = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
        }
    ghost = RealGhost(folder, toml, {**tokens, **environ})
    try:
        await ghost.up()
        yield ghost
    finally:
        await ghost.clear()
