"""Real doors and the real application before a Ghost whose processes are only numbers."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ghostbot.config.model import DaemonTable, LogTable
from ghostbot.core.daemon import Proc
from ghostbot.core.plan import Plan
from ghostbot.errors import ConfigError
from ghostbot.orders import Actor, Doing
from ghostbot.process.sweep import Stray, Swept
from ghostbot.reload import Reloaded
from ghostbot.web.address import address
from ghostbot.web.doors import Doors, Noun
from ghostbot.web.orchestrator import Orchestrator, facts_of
from ghostbot.web.upkeep import Upkeep
from tests.fakes.house import until
from tests.fakes.kennel import Kennel, kennel

LOOPBACK = ("127.0.0.1", 0)  # a port that the kernel chooses


@dataclass
class Answer:
    """An HTTP answer, as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The one word of an error, after checking that it has the one shape."""
        assert list(self.json["error"]) == ["code", "message"]
        return str(self.json["error"]["code"])


@dataclass
class Asked:
    """The doors, open, and what they told."""

    kennel: Kennel
    doors: Doors
    state_dir: Path
    downs: list[bool] = field(default_factory=list)
    told: list[str | None] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)  # closed at the end

    async def unix(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with address(self.state_dir) as path:
            return await asyncio.open_unix_connection(path)

    async def ask(self, what: str, body: object = None, **headers: str) -> Answer:
        """Ask through ghost.sock: `what` is "GET /health"."""
        return await exchange(await self.unix(), request(what, body, headers))

    async def private(self, what: str, body: object = None, **headers: str) -> Answer:
        """Ask through the private door, with its own Host unless told otherwise."""
        assert self.doors.private, "the private door is shut"
        host, port = self.doors.private
        headers = {"Host": f"{host}:{port}", **headers}
        return await exchange(
            await asyncio.open_connection(host, port), request(what, body, headers)
        )


def request(what: str, body: object, headers: Mapping[str, str]) -> bytes:
    """Write a request; a body that is no bytes is written as JSON."""
    held = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{what} HTTP/1.1", "Connection: close", f"Content-Length: {len(held)}"]
    given = {"Host": "ghost", **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value]
    return "\r\n".join([*lines, "", ""]).encode() + held


async def exchange(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], said: bytes
) -> Answer:
    """Send bytes, and read the one answer to its end."""
    reader, writer = streams
    try:
        async with asyncio.timeout(20):
            writer.write(said)
            await writer.drain()
            held = await reader.read()
    finally:
        writer.close()
    head, _, body = held.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in rest)}
    return Answer(int(first.split()[1]), headers, body)


def daemon(state_dir: Path, name: str, **more: Any) -> DaemonTable:
    """Return a daemon that is ready at once, with its log where Ghost keeps it."""
    more = {"ready_after_s": 0.01, **more}
    log = LogTable(path=state_dir / "logs" / f"{name}.log")
    return DaemonTable(name=name, command=("true",), cwd=Path("/"), log=log, **more)


@asynccontextmanager
async def open_doors(
    state_dir: Path,
    *tables: DaemonTable,
    listen: tuple[str, int] | None = LOOPBACK,
    allowed_hosts: tuple[str, ...] = (),
    more: Callable[[Kennel], Iterable[Noun]] = lambda _: (),
) -> AsyncIterator[Asked]:
    """Open the doors before these daemons (or `web`, and `worker` after it)."""
    (state_dir / "logs").mkdir(parents=True, exist_ok=True)
    default = (
        daemon(state_dir, "web", group="front"),
        daemon(state_dir, "worker", after=("web",)),
    )
    async with kennel(*(tables or default), sentinel=True) as k:
        told: list[str | None] = []
        downs: list[bool] = []
        opened = asyncio.Event()

        def tell(line: str | None) -> None:
            told.append(line)
            opened.set()

        async def swept(*, kill: bool, spare: Iterable[int]) -> Swept:
            pid = max(spare, default=1)
            strays = (Stray(Proc(pid, 1, "boot"), "web", "r1", 3.5, "sleep 9"),)
            return Swept(strays, () if kill else strays)

        async def reloaded(actor: Actor, *, dry_run: bool, wait: bool) -> Reloaded:
            if (state_dir / "mistaken").exists():
                raise ConfigError(["ghost.toml:1: one", "ghost.toml:2: two"])
            return Reloaded(Plan(added=("new",)), going_on=not (wait or dry_run))

        doors = Doors(
            k.ghost,
            state_dir=state_dir,
            listen=listen,
            allowed_hosts=allowed_hosts,
            down=downs.append,
            nouns=(
                Upkeep(swept, reloaded),
                Orchestrator(k.ghost, k.rollcall, facts_of(k.ghost, k.rollcall, k.selfcheck)),
                *more(k),
            ),
            tell=tell,
        )
        running = asyncio.create_task(doors.run(), name="doors")
        try:
            if listen:
                async with asyncio.timeout(10):
                    await opened.wait()
            else:
                await _answers(state_dir, running)
            asked = Asked(k, doors, state_dir, downs, told)
            yield asked
            for writer in asked.writers:
                writer.close()
        finally:
            running.cancel()
            await asyncio.wait({running})
            _give_up_orders()


def _give_up_orders() -> None:
    """End the orders that go on although nobody waits: the watchdogs they need end next."""
    for task in asyncio.all_tasks():
        if task.get_name().split()[0] in set(Doing):
            task.cancel()


async def _answers(state_dir: Path, running: asyncio.Task[None]) -> None:
    def answers() -> bool:
        assert not running.done(), running.exception()
        with socket.socket(socket.AF_UNIX) as client, address(state_dir) as path:
            return client.connect_ex(path) == 0

    await until(answers)
