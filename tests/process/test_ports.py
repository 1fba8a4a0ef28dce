"""Ports that Ghost finds: kept, moved on only for a stranger, and never needed on disk."""

from __future__ import annotations

import json
import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ghostbot.config.model import DaemonTable, LogTable
from ghostbot.process.ports import COUNT, FIRST, Ports, is_free
from tests.fakes.house import House


def table(name: str = "web", **keys: object) -> DaemonTable:
    log = LogTable(path=Path("/nowhere"))
    whole = {"port_auto": True, **keys}
    return DaemonTable(name=name, command=("true",), cwd=Path("/"), log=log, **whole)  # type: ignore[arg-type]


def ports(tmp_path: Path, *taken: int) -> Ports:
    found = Ports(tmp_path / "ports.json", str(tmp_path), taken)
    found.load()
    return found


@contextmanager
def held(port: int) -> Iterator[None]:
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        yield


def port_of(found: Ports, name: str = "web") -> int:
    port = found.settled(table(name)).port
    assert port is not None
    return port


def test_a_port_is_found_once_and_kept_by_the_next_ghost(tmp_path: Path) -> None:
    first = ports(tmp_path)
    assert first.given(table()).port is None
    port = port_of(first)
    assert FIRST <= port < FIRST + COUNT
    assert is_free(port)
    assert port_of(first) == port
    assert ports(tmp_path).given(table()).port == port


def test_with_its_file_lost_the_same_port_is_found_again(tmp_path: Path) -> None:
    port = port_of(ports(tmp_path))
    (tmp_path / "ports.json").unlink()
    assert port_of(ports(tmp_path)) == port


def test_no_two_daemons_are_given_one_port(tmp_path: Path) -> None:
    found = ports(tmp_path)
    wanted = port_of(found, "web")
    assert len({port_of(found, f"web-{n}") for n in range(50)} | {wanted}) == 51
    (tmp_path / "ports.json").unlink()
    assert port_of(ports(tmp_path, wanted)) != wanted


def test_a_port_that_the_file_comes_to_name_is_left_to_it_and_given_back(tmp_path: Path) -> None:
    found = ports(tmp_path)
    port = port_of(found)
    found.taken = frozenset({port})
    assert port_of(found) != port
    (tmp_path / "ports.json").unlink()
    found = ports(tmp_path, port)
    found.taken = frozenset()
    assert port_of(found) == port


def test_a_port_that_a_stranger_holds_moves_on_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str | None] = []
    found = Ports(tmp_path / "ports.json", "s", (), told.append)
    port = port_of(found)
    with held(port), caplog.at_level(logging.WARNING):
        moved = port_of(found)
    assert moved != port
    assert f"moved daemon=web from={port} to={moved}" in caplog.text
    assert (told[-1] or "").startswith(f"port {port} of web is held by ")
    assert (told[-1] or "").endswith(f": web has port {moved} now")
    assert port_of(found) == moved  # and stays where it went
    assert told[-1] is None
    assert json.loads((tmp_path / "ports.json").read_text()) == {"web": moved}


async def test_a_port_that_the_daemon_itself_still_holds_stays(house: House) -> None:
    found = Ports(house.path / "ports.json", house.state_id, ())
    port = port_of(found)
    serve = "import socket, signal; s = socket.create_server(('127.0.0.1', {})); print('ready')"
    code = serve.format(port) + "; import sys; sys.stdout.flush(); signal.pause()"
    web = house.table(sys.executable, "-S", "-c", code)
    house.spawn(web)
    await house.said(web)
    assert not is_free(port)
    assert port_of(found) == port


def test_a_file_that_makes_no_sense_is_kept_aside(tmp_path: Path) -> None:
    for held_there in ("{", "[1]", '{"web": "x"}', '{"web": 70000}'):
        (tmp_path / "ports.json").write_text(held_there)
        found = ports(tmp_path)
        assert "it holds no ports; a copy is kept as ports.json.corrupt-" in found.notes[0]
        assert port_of(found)


def test_a_disk_that_takes_nothing_costs_no_start(tmp_path: Path) -> None:
    told: list[str | None] = []
    found = Ports(tmp_path / "gone" / "ports.json", "s", (), told.append)
    assert port_of(found) == port_of(found)
    assert told == ["cannot save which port each daemon has: no such file or directory"]


def test_a_fixed_port_is_nobodys_to_choose(tmp_path: Path) -> None:
    fixed = table(port_auto=False, port=80)
    found = ports(tmp_path)
    assert found.given(fixed) is found.settled(fixed) is fixed
