"""Whether a port accepts, and whose fault it is where it does not."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.probes import tcp
from ghostbot.probes.finding import Finding
from tests.fakes.servers import LOOPBACKS, free_port, serving


async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def look(port: int | None, timeout_s: float = 5.0) -> Finding:
    table = ProbeTable(kind=ProbeKind.TCP, label="tcp", timeout_s=timeout_s)
    return await tcp.Tcp(table, port).look()


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    """Let this process open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (_highest(), hard))
    held: list[int] = []
    try:
        with suppress(OSError):
            while True:
                held.append(os.dup(0))
        yield
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _highest() -> int:
    return max(int(path.name) for path in Path("/dev/fd").iterdir()) + 3


@pytest.mark.parametrize("host", LOOPBACKS)
async def test_either_loopback_address_will_do(host: str) -> None:
    async with serving(nothing, host) as port:
        found = await look(port)
    assert (found.ok, found.said) == (True, f"port {port} accepts connections")


async def test_a_port_on_which_nobody_listens_is_sick_and_named() -> None:
    port = free_port()
    assert (await look(port)).ok is False
    assert (await look(port)).said == f"connection refused on port {port}"


async def test_a_door_before_which_all_wait_is_late_and_not_refused() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        port = door.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        try:
            for caller in waiting:
                caller.setblocking(False)
                with suppress(BlockingIOError):
                    caller.connect(("127.0.0.1", port))
            found = await look(port, timeout_s=0.3)
        finally:
            for caller in waiting:
                caller.close()
    assert (found.ok, found.said) == (
        False,
        f"port {port} accepted no connection within 0.3 s",
    )
    assert found.took_s < 2


async def test_ghosts_own_lack_of_descriptors_says_nothing_of_the_daemon() -> None:
    async with serving(nothing) as port:
        with no_descriptors_left():
            found = await look(port)
        assert found.ok is None
        assert found.said == f"cannot look at port {port}: Ghost has no descriptor left"
        assert (await look(port)).ok is True


async def test_a_port_that_is_not_given_yet_is_unknown() -> None:
    assert (await look(None)).ok is None


async def test_a_connection_to_itself_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mirror(socket.socket):
        """Talks to itself: it has the address that it connects to."""

        def getsockname(self) -> object:
            return self.getpeername()

    async with serving(nothing) as port:
        monkeypatch.setattr(tcp.socket, "socket", Mirror)
        error = await tcp.connect(port, 1.0)
        monkeypatch.undo()
    assert error is not None
    assert error.errno == errno.ECONNREFUSED


async def test_accepts_is_the_same_in_a_word() -> None:
    async with serving(nothing) as port:
        assert await tcp.accepts(port)
    assert not await tcp.accepts(port)
