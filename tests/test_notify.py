"""What the service manager hears of Ghost."""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghostbot.notify import Systemd
from tests.fakes.clock import run


@pytest.fixture(params=["abstract", "path"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = f"@ghost-test-{uuid.uuid4().hex}" if request.param == "abstract" else ""
    address = name or str(tmp_path / "notify.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if name else address)
        listening.settimeout(0)
        yield listening, address


def heard(listening: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(listening.recv(4096).decode())
        except BlockingIOError:
            return messages


def test_a_ghost_that_stands_says_so_with_its_pid(door: tuple[socket.socket, str]) -> None:
    listening, address = door
    Systemd.of({"NOTIFY_SOCKET": address}).ready("6 of 6 daemons up")
    assert heard(listening) == [f"READY=1\nSTATUS=6 of 6 daemons up\nMAINPID={os.getpid()}"]


def test_a_line_is_said_once_until_it_changes(door: tuple[socket.socket, str]) -> None:
    listening, address = door
    systemd = Systemd.of({"NOTIFY_SOCKET": address})
    for line in ("5 of 6", "5 of 6", "6 of 6"):
        systemd.status(line)
    assert heard(listening) == ["STATUS=5 of 6", "STATUS=6 of 6"]


def test_a_reload_tells_the_instant_at_which_it_began(door: tuple[socket.socket, str]) -> None:
    listening, address = door
    before = time.monotonic() * 1e6
    Systemd.of({"NOTIFY_SOCKET": address}).reloading("upgrading")
    (message,) = heard(listening)
    lines = dict(line.split("=") for line in message.splitlines())
    assert (lines["RELOADING"], lines["STATUS"]) == ("1", "upgrading")
    assert before - 1 <= int(lines["MONOTONIC_USEC"]) <= time.monotonic() * 1e6


def test_the_loop_beats_at_half_the_time_and_goes_on_while_ghost_ends(
    door: tuple[socket.socket, str],
) -> None:
    listening, address = door
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "3000000"}
    systemd = Systemd.of({**environ, "WATCHDOG_PID": str(os.getpid())})

    async def main() -> None:
        beating = asyncio.create_task(systemd.run(lambda: "well"))
        await asyncio.sleep(3.1)
        systemd.stopping()
        await asyncio.sleep(1.5)
        beating.cancel()

    run(main())
    said = heard(listening)
    assert said.count("WATCHDOG=1") == 4
    assert said[-2:] == ["STOPPING=1\nSTATUS=stopping", "WATCHDOG=1"]


def test_a_beat_that_is_meant_for_another_process_is_not_ours() -> None:
    environ = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}
    assert Systemd.of(environ).beat_s is None
    assert Systemd.of({**environ, "WATCHDOG_PID": str(os.getpid())}).beat_s == 1.5
    assert Systemd.of({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "soon"}).beat_s is None


@pytest.mark.parametrize("address", ["", "@nobody-is-there", "/no/such/path", "a\0b", "x" * 200])
def test_nobody_who_listens_is_no_trouble(address: str) -> None:
    systemd = Systemd.of({"NOTIFY_SOCKET": address})
    systemd.ready("well")
    systemd.beat()
    systemd.stopping()


def test_a_manager_whose_queue_is_full_holds_nothing_up(door: tuple[socket.socket, str]) -> None:
    _, address = door
    systemd = Systemd.of({"NOTIFY_SOCKET": address})
    for _ in range(5000):
        systemd.beat()
