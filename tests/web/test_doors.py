"""The doors: who may come in, and what happens when one cannot be opened."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from ghostbot.web import answers
from ghostbot.web import doors as doors_module
from ghostbot.web.token import token
from tests.fakes.doors import Asked, daemon, exchange, open_doors, request
from tests.fakes.house import until


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    async with open_doors(tmp_path, allowed_hosts=("ghost.example.org",)) as opened:
        yield opened


def bearer(asked: Asked) -> str:
    return f"Bearer {token(asked.state_dir)}"


OWN = "OWN"  # stands for the door's own host and port
GOOD = "GOOD"  # stands for the right token


@pytest.mark.parametrize(
    ("path", "host", "origin", "authorization", "status", "code"),
    [
        ("/api/daemons", OWN, "", GOOD, 200, None),
        ("/api/daemons", "localhost:PORT", "", GOOD, 200, None),
        ("/api/daemons", "[::1]:PORT", "", GOOD, 200, None),
        ("/api/daemons", "LOCALHOST:PORT", "", GOOD, 200, None),
        ("/api/daemons", "ghost.example.org", "", GOOD, 200, None),
        ("/api/daemons", "ghost.example.org:443", "", GOOD, 200, None),
        ("/api/daemons", OWN, f"http://{OWN}", GOOD, 200, None),
        ("/api/daemons", "ghost.example.org", "https://ghost.example.org", GOOD, 200, None),
        ("/health", OWN, "", "", 200, None),
        ("/api/daemons", OWN, "", "", 401, "no_token"),
        ("/api/daemons", OWN, "", "Bearer", 401, "no_token"),
        ("/api/daemons", OWN, "", "Bearer ", 401, "no_token"),
        ("/api/daemons", OWN, "", "Bearer x", 401, "no_token"),
        ("/api/daemons", OWN, "", "Bearer ö€", 401, "no_token"),
        ("/api/daemons", OWN, "", f"{GOOD}x", 401, "no_token"),
        ("/api/daemons", OWN, "", "Basic Z2hvc3Q6Z2hvc3Q=", 401, "no_token"),
        ("/ghost/status.json", OWN, "", "", 401, "no_token"),
        ("/nowhere", OWN, "", "", 401, "no_token"),
        ("/health/", OWN, "", "", 401, "no_token"),
        ("/api/daemons?token=GOOD", OWN, "", "", 401, "no_token"),
        ("/api/daemons", "evil.example.org", "", GOOD, 403, "wrong_host"),
        ("/api/daemons", "evil.example.org:PORT", "", GOOD, 403, "wrong_host"),
        ("/api/daemons", "127.0.0.1.evil.example.org:PORT", "", GOOD, 403, "wrong_host"),
        ("/api/daemons", "localhost:1", "", GOOD, 403, "wrong_host"),
        ("/api/daemons", "", "", GOOD, 400, "bad_request"),
        ("/health", "evil.example.org", "", "", 403, "wrong_host"),
        ("/api/daemons", OWN, "http://evil.example.org", GOOD, 403, "wrong_origin"),
        ("/api/daemons", OWN, "null", GOOD, 403, "wrong_origin"),
        ("/api/daemons", OWN, "http://localhost:1", GOOD, 403, "wrong_origin"),
        ("/api/daemons", OWN, f"http://{OWN}.evil.example.org", GOOD, 403, "wrong_origin"),
        ("/health", OWN, "http://evil.example.org", "", 403, "wrong_origin"),
    ],
)
async def test_the_private_door_admits_only_its_own(  # noqa: PLR0917 - a table's columns
    asked: Asked, path: str, host: str, origin: str, authorization: str, status: int, code: str
) -> None:
    assert asked.doors.private
    own, port = "{}:{}".format(*asked.doors.private), str(asked.doors.private[1])

    def real(text: str) -> str:
        said = text.replace(OWN, own).replace("PORT", port)
        return said.replace(GOOD, bearer(asked))

    given = await asked.private(
        f"GET {path}", Host=real(host), Origin=real(origin), Authorization=real(authorization)
    )
    assert given.status == status
    assert code is None or given.code == code
    assert status != 401 or given.headers["www-authenticate"].startswith("Bearer")


async def test_the_unix_socket_admits_whoever_may_open_it_by_name(
    asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "ghost.orders")
    given = await asked.ask("POST /api/daemons/web/stop?wait=true", Host="evil.example.org")
    assert given.status == 200
    assert f"by=local:{pwd.getpwuid(os.getuid()).pw_name}" in caplog.text


async def test_socket_and_token_are_for_their_owner_alone(asked: Asked) -> None:
    for name in ("ghost.sock", "web.token"):
        assert (asked.state_dir / name).stat().st_mode & 0o777 == 0o600


def test_the_token_is_made_once_and_mended_where_it_was_emptied(tmp_path: Path) -> None:
    first = token(tmp_path)
    assert token(tmp_path) == first
    (tmp_path / "web.token").chmod(0o644)
    assert token(tmp_path) == first
    assert (tmp_path / "web.token").stat().st_mode & 0o777 == 0o600
    (tmp_path / "web.token").write_text("")
    assert len(token(tmp_path)) >= 43
    assert token(tmp_path) != first


async def test_a_port_that_is_taken_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors_module, "AGAIN_S", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        async with open_doors(tmp_path, listen=("127.0.0.1", port)) as opened:
            assert opened.told[0] is not None
            assert opened.told[0].startswith(
                f"cannot open the private door on 127.0.0.1:{port}: port is taken by "
            )
            assert f"({os.getpid()}); set [web] listen" in opened.told[0]
            assert (await opened.ask("GET /health")).status == 200
            squatter.close()
            await until(lambda: opened.doors.private)
            assert opened.told[-1] is None
            assert (await opened.private("GET /health")).status == 200


async def test_a_host_that_is_not_ours_leaves_only_the_private_door_shut(tmp_path: Path) -> None:
    async with open_doors(tmp_path, listen=("203.0.113.7", 5051)) as opened:
        assert opened.told[0]
        assert "203.0.113.7:5051" in opened.told[0]
        assert (await opened.ask("GET /health")).status == 200


async def test_a_state_directory_deeper_than_a_socket_path_works(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / ("f" * 60)
    async with open_doors(deep, listen=None) as opened:
        assert (await opened.ask("GET /health")).status == 200
        assert (deep / "ghost.sock").is_socket()
    assert not (deep / "ghost.sock").exists()


async def test_a_socket_left_by_a_killed_ghost_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "ghost.sock"))
    async with open_doors(tmp_path, listen=None) as opened:
        assert (await opened.ask("GET /health")).status == 200


async def test_no_door_and_no_socket_is_left_behind(tmp_path: Path) -> None:
    async with open_doors(tmp_path) as opened:
        assert opened.doors.private
        at = opened.doors.private
    assert not (tmp_path / "ghost.sock").exists()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*at)


@pytest.mark.parametrize(
    "junk",
    [
        b"hello\r\n\r\n",
        os.urandom(12_000) + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 12_000 + b"\r\n\r\n",
        b"GET /" + b"z" * 12_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 3000 + b"\r\n",
    ],
)
async def test_what_is_no_http_is_400_in_the_one_shape(asked: Asked, junk: bytes) -> None:
    given = await exchange(await asked.unix(), junk)
    assert (given.status, given.code) == (400, "bad_request")
    assert (await asked.ask("GET /health")).status == 200


async def test_a_client_that_sends_half_a_request_keeps_nobody_waiting(asked: Asked) -> None:
    whole = request("POST /api/orders", {"verb": "stop", "all": True}, {})
    streams = [await asked.unix() for _ in range(20)]
    for number, (_, writer) in enumerate(streams):
        writer.write(whole[: -1 - number * 5])
    async with asyncio.timeout(2):
        assert (await asked.ask("GET /api/daemons")).status == 200
    for _, writer in streams:
        writer.close()
    assert asked.kennel.runs.signals == []


async def test_a_body_that_comes_too_slowly_is_408(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghostbot.web.asked.BODY_WAIT_S", 0.05)
    whole = request("POST /api/orders", {"verb": "stop", "all": True}, {})
    given = await exchange(await asked.unix(), whole[:-1])
    assert given.status == 408
    assert given.json["error"]["message"] == "cannot answer: the body came too slowly"


async def test_a_failure_of_ghosts_own_is_500_with_an_id(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(asked.kennel.ghost, "_link", lambda: 1 / 0)
    given = await asked.ask("GET /api/daemons")
    assert (given.status, given.code) == (500, "internal")
    assert "ZeroDivisionError" not in given.body.decode()
    told = given.json["error"]["message"].split()[-3]
    assert told in caplog.text


async def test_answers_are_not_kept_by_caches_nor_guessed_at(asked: Asked) -> None:
    for what in ("GET /api/daemons", "GET /nowhere"):
        given = await asked.ask(what)
        assert given.headers["cache-control"] == "no-store"
        assert given.headers["x-content-type-options"] == "nosniff"


async def test_a_daemon_without_a_private_door_is_still_reached(tmp_path: Path) -> None:
    async with open_doors(tmp_path, daemon(tmp_path, "only"), listen=None) as opened:
        assert opened.doors.private is None
        assert (await opened.ask("GET /api/daemons/only")).status == 200


class Stuck:
    """A noun whose answer never comes."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/stuck", self.hang)]

    async def hang(self, _: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


async def test_an_answer_that_does_not_come_is_given_up_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "LIMIT_S", 0.1)
    async with open_doors(tmp_path, more=lambda _: [Stuck()]) as asked:
        late = await asked.ask("GET /api/stuck")
        assert (late.status, late.json["error"]["code"]) == (503, "late")
        assert "cannot answer within 0.1 s; see `ghost health`" in late.json["error"]["message"]
        assert (await asked.ask("GET /api/daemons")).status == 200
