"""Whether an address answers as it should.

Rule 1: a look takes `timeout` at most, whatever the other side does, all redirects together.
Rule 2: of an answer BODY_MAX bytes are read, and a pattern is matched on the first PATTERN_BYTES
        of them, as a match cannot be interrupted. What is longer is judged by its beginning.
Rule 3: each look opens a connection of its own: one that was open could answer while nobody else
        gets in. Proxies and cookies of the environment are no part of it.
Rule 4: headers of the file go to the host they were written for, and not along with a redirect
        to another. What is said names no user, password or query: they may be secrets.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ghostbot.config.model import ProbeTable
from ghostbot.probes import faults
from ghostbot.probes.finding import Finding
from ghostbot.probes.names import Names
from ghostbot.probes.tcp import LOOPBACKS

BODY_MAX = 512 * 1024
PATTERN_BYTES = 64 * 1024
REDIRECTS_MAX = 5
SAID_MAX = 200
MOVED = (301, 302, 303, 307, 308)  # RFC 9110 §15.4, those that name where to go
WELL = range(200, 300)

# Why a look came to no answer: these and OSError are all that aiohttp raises. RuntimeError is a
# session closed under it.
FAILURES = (aiohttp.ClientError, OSError, ValueError, RuntimeError)


class Session:
    """What all looks over HTTP share."""

    def __init__(self, names: Names | None = None) -> None:
        """Open it; nothing is connected yet."""
        self.names = names or Names()
        self.client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self.names, use_dns_cache=False, force_close=True, limit=0
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # Rule 1 sees to it
            trust_env=False,
        )

    async def close(self) -> None:
        """Close it."""
        await self.client.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    url: str  # as it may be shown
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes  # its first BODY_MAX bytes

    @property
    def line(self) -> str:
        """The first line of it, for people."""
        return f"HTTP {self.status} {self.reason}".rstrip() + f" from {self.url}"


class Http:
    """Looks whether an address answers."""

    def __init__(self, table: ProbeTable, port: int | None, session: Session) -> None:
        """Take the probe, and the port where it names no url."""
        self._table = table
        self._session = session
        port = table.port or port
        self._url = table.url or (f"http://localhost:{port}/" if port else None)

    async def look(self) -> Finding:
        """Look once."""
        if self._url is None:
            return Finding(ok=None, said="cannot look: it has no port yet")
        loop, table = asyncio.get_running_loop(), self._table
        began = loop.time()
        answer = await fetch(
            self._session,
            self._url,
            headers=table.headers,
            timeout_s=table.timeout_s,
            wanted=table.status,
        )
        took_s = loop.time() - began
        if isinstance(answer, Finding):
            return Finding(ok=answer.ok, said=answer.said, took_s=took_s)
        why = wrong(answer, table)
        return Finding(ok=why is None, said=why or answer.line, took_s=took_s)


def wrong(answer: Answer, table: ProbeTable, *, pattern: bool = True) -> str | None:
    """Return what is not as the probe wants it; None where all is."""
    if answer.status not in (table.status or WELL):
        return answer.line
    if table.body is not None and table.body.encode() not in answer.body:
        return f"{answer.line}, without {_short(table.body)!r} in it"
    if pattern and table.pattern is not None:
        text = answer.body[:PATTERN_BYTES].decode("utf-8", "replace")
        if re.search(table.pattern, text) is None:
            return f"{answer.line}, in which nothing matches {_short(table.pattern)!r}"
    return None


async def fetch(
    session: Session,
    url: str,
    *,
    headers: Mapping[str, str],
    timeout_s: float,
    wanted: Collection[int] = (),
) -> Answer | Finding:
    """Ask for `url`; a Finding says why there is no answer. Redirects in `wanted` are answers."""
    asked = _Asked(session, headers, wanted)
    try:
        async with asyncio.timeout(timeout_s):
            return await asked.follow(URL(url))
    except TimeoutError:
        return asked.late(timeout_s)
    except FAILURES as error:
        return _failed(error, _shown(asked.at or URL()))


class _Asked:
    """One question, on its way through redirects."""

    def __init__(
        self, session: Session, headers: Mapping[str, str], wanted: Collection[int]
    ) -> None:
        self._session = session
        self._headers = headers
        self._wanted = wanted
        self.at: URL | None = None  # where it is
        self._line: str | None = None  # of an answer whose body is awaited

    async def follow(self, url: URL) -> Answer | Finding:
        headers = self._headers
        for _ in range(REDIRECTS_MAX + 1):
            self.at = url
            answer = await self._ask(url, headers)
            to = answer.headers.get("Location")
            if to is None or answer.status not in MOVED or answer.status in self._wanted:
                return answer
            old, url = url, url.join(URL(to))
            if url.scheme not in ("http", "https") or not url.host:
                return Finding(ok=False, said=f"{answer.line}, to what is no address of HTTP")
            if url.origin() != old.origin():
                headers = {}
        return Finding(ok=False, said=f"more than {REDIRECTS_MAX} redirects, to {_shown(url)} last")

    def late(self, timeout_s: float) -> Finding:
        """Say what was waited for."""
        at = self.at or URL()
        if self._session.names.is_waiting(at.host or ""):
            said = f"cannot look: the resolver did not find {at.host} within {timeout_s:g} s"
            return Finding(ok=None, said=said)
        if self._line is not None:
            return Finding(ok=False, said=f"{self._line}, that did not end within {timeout_s:g} s")
        return Finding(ok=False, said=f"no answer from {_shown(at)} within {timeout_s:g} s")

    async def _ask(self, url: URL, headers: Mapping[str, str]) -> Answer:
        """Ask one address; `localhost` is either loopback address, whichever is listened on."""
        self._line = None
        if url.host != "localhost":
            return await self._get(url, headers, None)
        first: aiohttp.ClientConnectorError | None = None
        for host in LOOPBACKS:
            try:
                return await self._get(url.with_host(host), headers, url)
            except aiohttp.ClientConnectorCertificateError:
                raise
            except aiohttp.ClientConnectorError as error:
                first = first or error
        assert first is not None, "each address either answered or raised"
        raise first

    async def _get(self, url: URL, headers: Mapping[str, str], named: URL | None) -> Answer:
        sent = CIMultiDict({"User-Agent": "ghost-probe", "Accept-Encoding": "identity"})
        if named is not None:
            sent["Host"] = named.host_port_subcomponent or "localhost"
        sent.update(headers)
        is_tls = named is not None and url.scheme == "https"
        async with self._session.client.get(
            url,
            headers=sent,
            allow_redirects=False,
            server_hostname="localhost" if is_tls else None,
        ) as response:
            shown = _shown(named or url)
            reason = "".join(filter(str.isprintable, response.reason or ""))[:SAID_MAX]
            self._line = Answer(shown, response.status, reason, {}, b"").line
            body = bytearray()
            while len(body) < BODY_MAX and (piece := await response.content.readany()):
                body += piece
            return Answer(shown, response.status, reason, response.headers, bytes(body[:BODY_MAX]))


def _failed(error: Exception, where: str) -> Finding:
    """Say why there is no answer."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "") or "not to be trusted"
            return Finding(ok=False, said=f"wrong certificate at {where}: {why}")
        case aiohttp.ClientConnectorSSLError():
            return Finding(ok=False, said=f"no TLS at {where}: {_short(str(error.os_error))}")
        case aiohttp.ClientConnectorError():
            return _unreached(error.os_error, where)
        case aiohttp.ServerDisconnectedError():
            return Finding(ok=False, said=f"{where} hung up without an answer")
        case aiohttp.ClientPayloadError():
            return Finding(ok=False, said=f"the answer from {where} broke off")
        case aiohttp.ClientResponseError():
            said = f"{where} does not speak HTTP: {_short(error.message)}"
            return Finding(ok=False, said=said)
        case OSError():
            return _unreached(error, where)
        case RuntimeError():
            return Finding(ok=None, said="cannot look: Ghost is ending")
        case _:
            said = f"cannot ask {where}: {_short(str(error) or type(error).__name__)}"
            return Finding(ok=False, said=said)


def _unreached(error: OSError, where: str) -> Finding:
    if (why := faults.own(error)) is not None:
        return Finding(ok=None, said=f"cannot look at {where}: {why}")
    return Finding(ok=False, said=f"{faults.words(error)}: {where}")


def _shown(url: URL) -> str:
    """Return an address without what may be secret."""
    return str(url.with_user(None).with_query(None).with_fragment(None)) if url.host else str(url)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SAID_MAX else f"{line[: SAID_MAX - 1]}…"
