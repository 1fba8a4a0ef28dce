"""Tunnels: what the public address answers is what counts, whatever the agent says."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ghostbot.config.model import ProbeKind, ProbeTable
from ghostbot.probes.file import File
from ghostbot.probes.finding import Finding
from ghostbot.probes.http import Session
from ghostbot.probes.names import Names
from ghostbot.probes.reader import Begin, Reader
from ghostbot.probes.tunnel import Tunnel
from tests.fakes.servers import Pages, free_port, serving


def nowhere(*_: Any, **__: Any) -> Any:
    """Know no name."""
    raise socket.gaierror(socket.EAI_NONAME, "no")


class Place:
    """An agent on loopback, and what stands for the world outside."""

    def __init__(self, agent: Pages, agent_port: int, public: Pages, public_port: int) -> None:
        self.agent, self.public = agent, public
        self.at = f"http://127.0.0.1:{agent_port}"
        self.url = f"http://127.0.0.1:{public_port}"
        self.session = Session(Names(nowhere))

    def ngrok(self, *urls: str) -> None:
        """Let the agent answer as ngrok's does."""
        tunnels = [{"name": "t", "public_url": url, "config": {"addr": "x"}} for url in urls]
        self.agent.put("/api/tunnels", json.dumps({"tunnels": tunnels, "uri": "/api/tunnels"}))

    def cloudflared(self, connections: int, host: str | None = None) -> None:
        """Let the agent answer as cloudflared's metrics server does."""
        status = 200 if connections else 503
        ready = {"status": status, "readyConnections": connections, "connectorId": "x"}
        self.agent.put("/ready", json.dumps(ready), status)
        self.agent.put("/quicktunnel", json.dumps({"hostname": host or ""}))

    def tunnel(self, reader: Reader | None = None, **keys: Any) -> Tunnel:
        table = ProbeTable(kind=ProbeKind.TUNNEL, label="tunnel", **keys)
        return Tunnel(table, reader, self.session)

    async def look(self, **keys: Any) -> Finding:
        return await self.tunnel(**keys).look()


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        agent, public = Pages(), Pages()
        ports = [await stack.enter_async_context(serving(one.handle)) for one in (agent, public)]
        made = Place(agent, ports[0], public, ports[1])
        stack.push_async_callback(made.session.close)
        yield made


# The public address.


async def test_a_public_address_that_answers_is_well_and_asked_as_told(place: Place) -> None:
    place.ngrok(place.url)
    place.public.put("/health", "all is well")
    found = await place.look(url=place.at, ask="/health", body="well")
    assert (found.ok, found.local, found.url) == (True, True, place.url)
    assert found.said == f"HTTP 200 Said from {place.url}/health"
    assert place.public.asked[0][1]["ngrok-skip-browser-warning"] == "1"


async def test_an_agent_that_is_well_proves_nothing(place: Place) -> None:
    place.ngrok(place.url)
    place.public.put("/", "nobody is here", 530)
    found = await place.look(url=place.at)
    assert (found.ok, found.local) == (False, True)
    assert found.said == (
        f"its agent has a tunnel; the public address is dead: HTTP 530 Said from {place.url}/"
    )


@pytest.mark.parametrize(
    ("status", "body", "headers", "code"),
    [
        (530, "error code: 1033", {}, "error code: 1033"),
        (404, "no", {"ngrok_error_code": "ERR_NGROK_3200"}, "ERR_NGROK_3200"),
        (200, "<p>ERR_NGROK_334</p>", {}, "ERR_NGROK_334"),
        (502, "Bad Gateway", {"Server": "nginx"}, "HTTP 502"),
    ],
)
async def test_a_providers_error_page_is_never_well(
    place: Place, status: int, body: str, headers: dict[str, str], code: str
) -> None:
    place.ngrok(place.url)
    place.public.put("/", body, status, **headers)
    found = await place.look(url=place.at, status=(200, 404, 502, 530))
    assert found.ok is False
    assert code in found.said


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (502, {"ngrok_error_code": "ERR_NGROK_8012"}),
        (502, {"Server": "cloudflare"}),
        (504, {"Server": "cloudflare"}),
    ],
)
async def test_a_tunnel_is_not_blamed_for_what_it_leads_to(
    place: Place, status: int, headers: dict[str, str]
) -> None:
    place.ngrok(place.url)
    place.public.put("/", "no", status, **headers)
    found = await place.look(url=place.at, status=(status,))
    assert (found.ok, found.local) == (None, False)
    assert found.said.startswith("the tunnel stands, and what it leads to is down: HTTP 50")


async def test_another_page_than_expected_is_sick(place: Place) -> None:
    place.ngrok(place.url)
    place.public.put("/", "<html>this site is parked</html>")
    assert (await place.look(url=place.at)).ok is True
    found = await place.look(url=place.at, body="Monitor")
    assert found.ok is False
    assert "without 'Monitor' in it" in found.said


async def test_nobody_at_the_public_address_is_sick(place: Place) -> None:
    place.ngrok(f"http://127.0.0.1:{free_port()}")
    found = await place.look(url=place.at)
    assert (found.ok, found.local) == (False, True)
    assert "connection refused" in found.said


# Agents.


async def test_the_agents_new_address_is_the_one_that_counts(place: Place) -> None:
    place.ngrok("http://127.0.0.1:1", "tcp://127.0.0.1:2")
    place.public.put("/")
    tunnel = place.tunnel(url=place.at)
    first = await tunnel.look()
    place.ngrok(place.url)
    second = await tunnel.look()
    assert (first.ok, first.url) == (False, "http://127.0.0.1:1")
    assert (second.ok, second.url) == (True, place.url)


async def test_an_agent_without_a_tunnel_is_sick(place: Place) -> None:
    place.ngrok()
    found = await place.look(url=place.at)
    assert (found.ok, found.local, found.url) == (False, False, None)
    assert found.said == "its agent has no tunnel, and names no address"


async def test_an_agent_connected_to_no_edge_is_said(place: Place) -> None:
    place.cloudflared(0)
    found = await place.look(url=place.at)
    assert (found.ok, found.local) == (False, False)
    assert found.said == "its agent is connected to no edge, and names no address"


async def test_a_quick_tunnel_is_named_by_its_agent(place: Place) -> None:
    place.cloudflared(4, "a-b-c.trycloudflare.invalid")
    found = await place.look(url=place.at)
    assert found.url == "https://a-b-c.trycloudflare.invalid"
    assert found.ok is not True


async def test_an_agent_that_ended_does_not_make_a_public_address_sick_that_answers(
    place: Place,
) -> None:
    place.ngrok(place.url)
    place.public.put("/")
    tunnel = place.tunnel(url=place.at)
    assert (await tunnel.look()).ok is True
    place.agent.pages.clear()
    assert (await tunnel.look()).ok is True
    place.ngrok()
    found = await tunnel.look()
    assert (found.ok, found.local) == (True, False)
    assert found.said.endswith(", though its agent has no tunnel")


async def test_an_agent_that_is_not_there_is_sick(place: Place) -> None:
    found = await place.look(url=f"http://127.0.0.1:{free_port()}")
    assert (found.ok, found.local) == (False, False)
    assert "connection refused" in found.said


@pytest.mark.parametrize("body", ["", "[]", '{"tunnels": 3}', '{"tunnels": [1, {}]}', "[" * 9000])
async def test_no_answer_of_an_agent_breaks_it(place: Place, body: str) -> None:
    for path in ("/api/tunnels", "/ready", "/quicktunnel"):
        place.agent.put(path, body)
    assert (await place.look(url=place.at)).ok in (False, True)


async def test_what_is_no_agent_on_loopback_is_the_address_itself(place: Place) -> None:
    place.public.put("/health", "well")
    tunnel = place.tunnel(url=place.url, ask="/health", body="well")
    assert (await tunnel.look()).ok is True
    asked = len(place.public.asked)
    assert (await tunnel.look()).ok is True
    assert len(place.public.asked) == asked + 1
    place.public.put("/health", "gone", 500)
    found = await tunnel.look()
    assert (found.ok, found.url) == (False, place.url)


async def test_what_is_not_asked_by_http_is_unknown(place: Place) -> None:
    place.ngrok("tcp://0.tcp.ngrok.invalid:12345")
    found = await place.look(url=place.at)
    assert (found.ok, found.url) == (None, "tcp://0.tcp.ngrok.invalid:12345")


# Addresses in the log.


def reading(path: Path, size: int | None = 0) -> Reader:
    return Reader(File(path), Begin(0.0, size))


async def test_the_last_address_in_the_log_counts(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "tunnel.log"
    log.write_text("INF starting\n")
    place.public.put("/")
    tunnel = place.tunnel(reading(log), pattern=r"\|\s+(http://\S+)")
    first = await tunnel.look()
    with log.open("a") as file:
        file.write(f"INF |  http://127.0.0.1:1  |\nINF |  {place.url}  |\n")
    second = await tunnel.look()
    assert (first.ok, first.said) == (False, "its log names no public address yet")
    assert (second.ok, second.url) == (True, place.url)


async def test_an_earlier_process_names_no_address(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "tunnel.log"
    log.write_text(f"{place.url}\n")
    size = log.stat().st_size
    known, adopted = reading(log, size), reading(log, None)
    place.public.put("/")
    assert (await place.tunnel(known, pattern="http://.*").look()).ok is False
    assert (await place.tunnel(adopted, pattern="http://.*").look()).ok is True


async def test_an_adopted_tunnel_whose_address_is_not_found_is_unknown(
    place: Place, tmp_path: Path
) -> None:
    log = tmp_path / "tunnel.log"
    log.write_text("busy\n")
    assert (await place.tunnel(reading(log, None), pattern="http://.*").look()).ok is None
    log.unlink()
    assert (await place.tunnel(reading(log, None), pattern="http://.*").look()).ok is None


async def test_a_log_may_name_a_port_or_a_host_alone(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "ssh.log"
    port = place.url.rpartition(":")[2]
    log.write_text(f"Allocated port {port} for remote forward to localhost:80\n")
    place.public.put("/")
    pattern = r"Allocated port (\d+)"
    found = await place.tunnel(reading(log), url="http://example.invalid/", pattern=pattern).look()
    assert found.url == f"http://example.invalid:{port}/"
    log.write_text("forwarding from shop.invalid\n")
    found = await place.tunnel(reading(log), pattern=r"from (\S+)").look()
    assert found.url == "https://shop.invalid"


async def test_a_look_takes_no_longer_than_it_may_in_all(place: Place) -> None:
    async def hang(reader: Any, _: Any) -> None:
        await reader.read()

    place.public.put("/")
    async with serving(hang) as port:
        found = await place.look(url=f"http://127.0.0.1:{port}", timeout_s=0.4)
        place.ngrok(f"http://127.0.0.1:{port}")
        dead = await place.look(url=place.at, timeout_s=0.4)
    assert (found.ok, dead.ok, dead.local) == (False, False, True)
    assert max(found.took_s, dead.took_s) < 2
