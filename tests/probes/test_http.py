"""Whether an address answers as it should, against servers that behave as badly as they can."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.probes.finding import Finding
from ghostbot.probes.http import BODY_MAX, Http, Session
from ghostbot.probes.names import ASKED_MAX, Names
from tests.fakes.servers import LITTLE, LOOPBACKS, Pages, free_port, request, serving
from tests.probes.test_tcp import no_descriptors_left

CERTIFICATE = Path(__file__).parents[1] / "data" / "self-signed.pem"
MB = 1_000_000


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    opened = Session()
    yield opened
    await opened.close()


async def look(session: Session, url: str | None = None, **keys: Any) -> Finding:
    port = keys.pop("daemon_port", None)
    table = ProbeTable(kind=ProbeKind.HTTP, label="http", url=url, **keys)
    return await Http(table, port, session).look()


# Answers.


async def test_an_answer_of_200_is_well(session: Session) -> None:
    pages = Pages()
    pages.put("/health", "fine")
    async with serving(pages.handle) as port:
        url = f"http://127.0.0.1:{port}/health"
        found = await look(session, url)
    assert (found.ok, found.said) == (True, f"HTTP 200 Said from {url}")
    assert 0 < found.took_s < 5


@pytest.mark.parametrize("status", [500, 502, 404, 403, 304])
async def test_any_other_answer_is_not(session: Session, status: int) -> None:
    pages = Pages()
    pages.put("/", status=status)
    async with serving(pages.handle) as port:
        found = await look(session, f"http://127.0.0.1:{port}/")
    assert found.ok is False
    assert f"HTTP {status}" in found.said


async def test_the_answers_that_are_well_may_be_listed(session: Session) -> None:
    pages = Pages()
    pages.put("/", status=401)
    async with serving(pages.handle) as port:
        url = f"http://127.0.0.1:{port}/"
        assert (await look(session, url, status=(200, 401))).ok is True
        pages.put("/")
        assert (await look(session, url, status=(401,))).ok is False


async def test_a_body_must_hold_what_is_wanted(session: Session) -> None:
    pages = Pages()
    pages.put("/", '{"alive": true, "name": "größer"}')
    async with serving(pages.handle) as port:
        url = f"http://127.0.0.1:{port}/"
        assert (await look(session, url, body="größer")).ok is True
        assert (await look(session, url, pattern=r'"alive":\s*true')).ok is True
        missing = await look(session, url, body='"alive": false')
        unmatched = await look(session, url, pattern=r"(?i)dead\b")
    assert missing.ok is False
    assert missing.said.endswith("""without '"alive": false' in it""")
    assert unmatched.ok is False
    assert "nothing matches" in unmatched.said


async def test_headers_are_sent_and_the_host_may_be_ones_own(session: Session) -> None:
    pages = Pages()
    pages.put("/")
    async with serving(pages.handle) as port:
        await look(session, f"http://127.0.0.1:{port}/", headers={"host": "me.org", "X-Key": "1"})
    _, headers = pages.asked[0]
    assert (headers["host"], headers["x-key"]) == ("me.org", "1")


@pytest.mark.parametrize("host", LOOPBACKS)
async def test_without_a_url_the_daemons_own_port_is_asked(session: Session, host: str) -> None:
    pages = Pages()
    pages.put("/")
    async with serving(pages.handle, host) as port:
        found = await look(session, daemon_port=port)
    assert (found.ok, found.said) == (True, f"HTTP 200 Said from http://localhost:{port}/")
    assert pages.asked[0][1]["host"] == f"localhost:{port}"


async def test_what_is_said_holds_no_password_and_no_query(session: Session) -> None:
    pages = Pages()
    pages.put("/", status=500)
    async with serving(pages.handle) as port:
        url = f"http://me:hunter2@127.0.0.1:{port}/?token=hunter3"
        found = await look(session, url)
    assert found.said == f"HTTP 500 Said from http://127.0.0.1:{port}/"
    path, headers = pages.asked[0]
    assert path == "/?token=hunter3"
    assert headers["authorization"].startswith("Basic ")


async def test_the_environments_proxy_is_no_part_of_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    pages = Pages()
    pages.put("/")
    async with serving(pages.handle) as port:
        assert (await look(session, f"http://127.0.0.1:{port}/")).ok is True


# Redirects.


async def test_a_redirect_is_followed_unless_it_is_the_answer(session: Session) -> None:
    pages = Pages()
    pages.put("/", status=302, Location="/there?x=1")
    pages.put("/there", "here")
    async with serving(pages.handle) as port:
        url = f"http://127.0.0.1:{port}/"
        followed = await look(session, url, body="here")
        kept = await look(session, url, status=(302,))
    assert followed.ok is True
    assert kept.ok is True
    assert len(pages.asked) == 3


async def test_redirects_without_end_are_five(session: Session) -> None:
    pages = Pages()
    pages.put("/", status=301, Location="/")
    async with serving(pages.handle) as port:
        found = await look(session, f"http://127.0.0.1:{port}/")
    assert found.ok is False
    assert found.said.startswith("more than 5 redirects")
    assert len(pages.asked) == 6


async def test_ones_own_headers_do_not_go_to_another_host(session: Session) -> None:
    here, there = Pages(), Pages()
    there.put("/")
    async with serving(there.handle) as second, serving(here.handle) as first:
        here.put("/", status=307, Location=f"http://127.0.0.1:{second}/")
        url = f"http://127.0.0.1:{first}/"
        found = await look(session, url, headers={"X-Key": "hunter2", "Host": "me.org"})
    assert found.ok is True
    assert "x-key" in here.asked[0][1]
    assert "x-key" not in there.asked[0][1]
    assert there.asked[0][1]["host"] == f"127.0.0.1:{second}"


@pytest.mark.parametrize("to", ["file:///etc/passwd", "gopher://x/", "http://", "http://[", "//"])
async def test_a_redirect_to_what_is_no_address_is_sick(session: Session, to: str) -> None:
    pages = Pages()
    pages.put("/", status=302, Location=to)
    async with serving(pages.handle) as port:
        assert (await look(session, f"http://127.0.0.1:{port}/")).ok is False


# Those that misbehave.


async def test_who_never_answers_is_given_up_in_time(session: Session) -> None:
    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(hang) as port:
        began = time.monotonic()
        found = await look(session, f"http://127.0.0.1:{port}/", timeout_s=0.2)
        took_s = time.monotonic() - began
    assert (found.ok, found.said) == (
        False,
        f"no answer from http://127.0.0.1:{port}/ within 0.2 s",
    )
    assert took_s < 2


@pytest.mark.parametrize("head", ["", "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
async def test_who_drips_is_given_up_in_time(session: Session, head: str) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(head.encode())
        for letter in b"HTTP/1.1 200 OK" * 1000:
            writer.write(bytes([letter]))
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serving(drip) as port:
        began = time.monotonic()
        found = await look(session, f"http://127.0.0.1:{port}/", timeout_s=0.5)
        took_s = time.monotonic() - began
    assert found.ok is False
    assert "within 0.5 s" in found.said
    assert took_s < 2


@pytest.mark.parametrize("length", ["Content-Length: 1000000000\r\n", ""])
async def test_of_a_body_of_a_gigabyte_less_than_a_megabyte_is_read(
    session: Session, length: str
) -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request(reader)
        writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\nbegin".encode())
        while sent < 1000 * MB:
            writer.write(b"x" * LITTLE)
            await writer.drain()
            sent += LITTLE

    async with serving(pour) as port:
        url = f"http://127.0.0.1:{port}/"
        found = await look(session, url, body="begin")
        missing = await look(session, url, body="end")
    assert found.ok is True
    assert missing.ok is False
    assert 2 * BODY_MAX <= sent < 2 * MB + 8 * LITTLE


async def test_a_body_that_grows_when_unpacked_is_read_no_further(session: Session) -> None:
    packed = gzip.compress(b"x" * 50 * MB)

    async def bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        writer.write(head.encode() + packed)
        await writer.drain()

    async with serving(bomb) as port:
        began = time.process_time()
        found = await look(session, f"http://127.0.0.1:{port}/", body="xxx")
        took_s = time.process_time() - began
    assert found.ok is True
    assert took_s < 1


async def test_who_does_not_speak_http_is_sick(session: Session) -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()

    async with serving(babble) as port:
        found = await look(session, f"http://127.0.0.1:{port}/")
    assert found.ok is False
    assert "does not speak HTTP" in found.said


async def test_a_head_without_end_is_sick(session: Session) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Again: " + b"x" * 8000 + b"\r\n")
            await writer.drain()

    async with serving(endless) as port:
        assert (await look(session, f"http://127.0.0.1:{port}/")).ok is False


async def test_who_hangs_up_without_an_answer_is_sick(session: Session) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.close()

    async with serving(hang_up) as port:
        found = await look(session, f"http://127.0.0.1:{port}/")
    assert (found.ok, found.said) == (
        False,
        f"http://127.0.0.1:{port}/ hung up without an answer",
    )


async def test_who_breaks_off_in_the_middle_is_sick(session: Session) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfine")

    async with serving(break_off) as port:
        found = await look(session, f"http://127.0.0.1:{port}/", body="fine")
    assert found.ok is False
    assert "broke off" in found.said


async def test_nobody_there_is_refused(session: Session) -> None:
    port = free_port()
    found = await look(session, f"http://localhost:{port}/health")
    assert (found.ok, found.said) == (
        False,
        f"connection refused: http://localhost:{port}/health",
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_wrong_certificate_is_said_as_such(session: Session, host: str) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE)
    async with serving(Pages().handle, tls=tls) as port:
        found = await look(session, f"https://{host}:{port}/")
    assert found.ok is False
    assert found.said == f"wrong certificate at https://{host}:{port}/: self-signed certificate"


async def test_no_tls_where_it_is_wanted_is_sick(session: Session) -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serving(plain) as port:
        found = await look(session, f"https://127.0.0.1:{port}/")
    assert found.ok is False
    assert found.said.startswith(f"no TLS at https://127.0.0.1:{port}/")


# Ghost's own trouble.


async def test_no_descriptors_say_nothing_of_the_daemon(session: Session) -> None:
    async with serving(Pages().handle) as port:
        with no_descriptors_left():
            found = await look(session, f"http://localhost:{port}/")
    assert found.ok is None
    assert found.said.endswith("Ghost has no descriptor left")


async def test_a_closed_session_says_nothing(session: Session) -> None:
    await session.close()
    assert (await look(session, f"http://127.0.0.1:{free_port()}/")).ok is None


def answering(act: Callable[[], Any]) -> Session:
    return Session(Names(lambda *_args, **_keys: act()))


@pytest.mark.parametrize(
    ("number", "ok"),
    [(socket.EAI_AGAIN, None), (socket.EAI_NONAME, False), (socket.EAI_SYSTEM, None)],
)
async def test_the_resolvers_own_trouble_is_told_from_a_name_that_is_gone(
    number: int, ok: bool | None
) -> None:
    def fail() -> None:
        raise socket.gaierror(number, "no")

    session = answering(fail)
    found = await look(session, "http://shop.example/")
    await session.close()
    assert found.ok is ok
    assert "http://shop.example/" in found.said


async def test_a_resolver_that_hangs_says_nothing_and_holds_nothing_up() -> None:
    release = threading.Event()

    def hang() -> list[Any]:
        release.wait(20)
        return []

    session = answering(hang)
    try:
        looks = [look(session, "http://shop.example/", timeout_s=0.2) for _ in range(ASKED_MAX)]
        found = await asyncio.gather(*looks)
        refused = await look(session, "http://shop.example/", timeout_s=5)
    finally:
        release.set()
        await session.close()
    assert {one.ok for one in found} == {None}
    assert re.search(r"the resolver did not find shop\.example within 0\.2 s", found[0].said)
    assert refused.ok is None
    assert refused.took_s < 1


async def test_each_address_of_a_name_is_tried() -> None:
    pages = Pages()
    pages.put("/")
    async with serving(pages.handle) as port:
        both = [("::1", socket.AF_INET6), ("127.0.0.1", socket.AF_INET)]
        session = answering(
            lambda: [(family, socket.SOCK_STREAM, 6, "", (host, port)) for host, family in both]
        )
        found = await look(session, f"http://shop.example:{port}/")
        await session.close()
    assert found.ok is True
    assert pages.asked[0][1]["host"] == f"shop.example:{port}"


async def test_a_name_without_an_address_is_sick() -> None:
    session = answering(list)
    found = await look(session, "http://shop.example/")
    await session.close()
    assert (found.ok, found.said) == (False, "there is no such name: http://shop.example/")
