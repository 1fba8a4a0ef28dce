"""What daemons say of themselves, from real processes."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGHUP

import pytest

from ghostbot.process.notices import Notice, Notices, address_of
from tests.fakes.house import NOTIFIES, House, until

NOTIFY = str(Path(__file__).parents[1] / "programs" / "notify.py")


@pytest.fixture
def heard() -> list[tuple[str, Notice]]:
    return []


@pytest.fixture
async def notices(house: House, heard: list[tuple[str, Notice]]) -> AsyncIterator[Notices]:
    told: list[str | None] = []
    found = Notices(house.state_id, asyncio.get_running_loop(), told.append)
    found.heard = lambda name, notice: heard.append((name, notice))
    found.listen("web")
    assert told == [None]
    yield found
    found.close()


def tell(state_id: str, words: bytes, *fds: int) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        place = address_of(state_id, "web")
        door.connect("\0" + place[1:] if place.startswith("@") else place)
        socket.send_fds(door, [words], list(fds))


@pytest.mark.parametrize("how", ["self", "child", "brief"])
async def test_a_daemon_and_whom_it_started_are_heard(
    house: House, notices: Notices, heard: list[tuple[str, Notice]], how: str
) -> None:
    table = house.table(sys.executable, "-S", NOTIFY, how, probes=NOTIFIES)
    proc = house.spawn(table)
    await house.said(table, "started")
    os.kill(proc.pid, SIGHUP)
    await until(lambda: bool(heard))
    name, notice = heard[0]
    assert (name, notice.fields) == ("web", {"STATUS": "warm", "READY": "1"})
    assert (notice.pid == proc.pid) is (how == "self")
    assert notice.uid == os.getuid()
    assert notices.belongs(notice, "web", proc)


async def test_a_stranger_is_known_by_its_pid(
    house: House, notices: Notices, heard: list[tuple[str, Notice]]
) -> None:
    proc = house.spawn(house.table(sys.executable, "-S", NOTIFY, probes=NOTIFIES))
    tell(house.state_id, b"READY=1")
    await until(lambda: bool(heard))
    assert heard[0][1].pid == os.getpid()
    assert not notices.belongs(heard[0][1], "web", proc)


async def test_another_daemon_is_a_stranger_too(
    house: House, notices: Notices, heard: list[tuple[str, Notice]]
) -> None:
    web = house.spawn(house.table(sys.executable, "-S", NOTIFY, probes=NOTIFIES))
    other = house.table(sys.executable, "-S", NOTIFY, name="other", probes=NOTIFIES)
    proc = house.spawn(other)
    assert not notices.belongs(Notice({"READY": "1"}, proc.pid, os.getuid()), "web", web)
    assert not heard


async def test_one_who_waits_for_a_barrier_is_let_go(
    house: House, notices: Notices, heard: list[tuple[str, Notice]]
) -> None:
    ours, its = os.pipe()
    tell(house.state_id, b"BARRIER=1", its)
    os.close(its)
    try:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, over.set)  # readable at its end: every copy of `its` is closed
        await asyncio.wait_for(over.wait(), 5)
        loop.remove_reader(ours)
        assert os.read(ours, 1) == b""
        assert heard[0][1].fields == {"BARRIER": "1"}
    finally:
        os.close(ours)


async def test_what_makes_no_sense_is_heard_without_harm(
    house: House, notices: Notices, heard: list[tuple[str, Notice]]
) -> None:
    for words in (b"", b"\xff\xfe", b"READY", b"=\n=\n", b"A=" + b"x" * 10_000, b"READY=1"):
        tell(house.state_id, words)
    await until(lambda: any(n.fields.get("READY") == "1" for _, n in heard))
    assert [n.fields for _, n in heard][-1] == {"READY": "1"}


async def test_the_next_ghost_hears_at_the_same_address(
    house: House, notices: Notices, heard: list[tuple[str, Notice]]
) -> None:
    notices.close()
    with pytest.raises(ConnectionRefusedError):
        tell(house.state_id, b"READY=1")
    again = Notices(house.state_id, asyncio.get_running_loop())
    again.heard = lambda name, notice: heard.append((name, notice))
    again.listen("web")
    again.listen("web")
    tell(house.state_id, b"READY=1")
    await until(lambda: bool(heard))
    again.close()


async def test_an_address_that_another_holds_is_told(house: House, notices: Notices) -> None:
    told: list[str | None] = []
    second = Notices(house.state_id, asyncio.get_running_loop(), told.append)
    second.listen("web")
    assert told[0] is not None
    assert "cannot hear whether web is ready" in told[0]
    second.close()
