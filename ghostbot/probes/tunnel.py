"""Whether a tunnel leads from the public address to what it should.

Rule 1: only the public address, asked from outside as anybody would, proves a tunnel: by its
        status, and by `body` where the probe names one.
Rule 2: a provider's own error page is never well, whatever its status and whatever is expected.
Rule 3: where the tunnel stands and what it leads to is down, restarting the tunnel helps nobody:
        that is unknown, with `local` false, and said as such.
Rule 4: the address is what the agent names, or the last line of the log that `pattern` finds; else
        the probe's url itself. One that was known is asked on while nobody names another.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from yarl import URL

from ghostbot.config.model import ProbeTable
from ghostbot.probes import faults
from ghostbot.probes.agents import Agent, Broken, agent, broken
from ghostbot.probes.finding import Finding
from ghostbot.probes.http import Answer, Session, fetch, wrong
from ghostbot.probes.reader import BEHIND_MAX, Reader
from ghostbot.process.output import plain

LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")
LOCAL_SHARE = 0.5  # of the time, for the agent and the log at most
AS_A_PROGRAM = {"ngrok-skip-browser-warning": "1"}  # else its warning page may answer


class Tunnel:
    """Looks through a tunnel."""

    def __init__(self, table: ProbeTable, reader: Reader | None, session: Session) -> None:
        """Take the probe, and its log where the address stands in it."""
        self._table = table
        self._reader = reader
        self._session = session
        in_log = table.pattern is not None and reader is not None
        self._pattern = re.compile(table.pattern or "") if in_log else None
        self._at = URL(table.url) if table.url is not None else None
        self._url: str | None = None  # the public address, as far as it is known
        self._is_agent: bool | None = None  # whether `url` is an agent's; None: nobody answered yet
        self._reading: asyncio.Future[None] | None = None

    async def look(self) -> Finding:
        """Look once."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        local = await self._look_here()
        if isinstance(local, Finding):
            found = local
        else:
            left_s = max(0.1, self._table.timeout_s - (loop.time() - began))
            found = await self._look_there(local, left_s)
        return replace(found, took_s=loop.time() - began, url=found.url or self._url)

    # This side.

    async def _look_here(self) -> Agent | Finding | None:
        """Learn the address; a Finding where there is none to ask, or no time to learn it."""
        said: Agent | Finding | None = None
        limit_s = self._table.timeout_s * LOCAL_SHARE
        if self._pattern is not None and self._reader is not None:
            said = await self._search(limit_s)
        if self._at is not None and self._pattern is None and not _is_local(self._at):
            self._url = str(self._at)
        elif self._at is not None and _is_local(self._at):
            said = await self._ask_agent(self._at, limit_s) or said
        if self._url is not None:
            return None if isinstance(said, Finding) and said.ok is None else _as_agent(said)
        if isinstance(said, Agent):
            return Finding(ok=False, said=f"{said.said}, and names no address", local=said.ok)
        return said or Finding(ok=None, said="it has no public address yet")

    async def _ask_agent(self, at: URL, limit_s: float) -> Agent | Finding | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + limit_s

        async def get(path: str) -> Answer | Finding:
            left_s = max(0.05, until - loop.time())
            url = str(at.with_path(path).with_query(None))
            return await fetch(self._session, url, headers={}, timeout_s=left_s)

        if self._is_agent is False:
            return None
        said = await agent(get)
        if isinstance(said, Finding):
            return replace(said, local=said.ok)
        if said is None:
            self._is_agent = self._is_agent or False
            if self._pattern is None and not self._is_agent:
                self._url = str(at)
            return None
        self._is_agent = True
        if said.url is not None:
            self._url = said.url
        return said

    async def _search(self, limit_s: float) -> Finding | None:
        """Look for the address in the log, in a thread; the last one counts."""
        assert self._reader is not None, "asked for with a log"
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().run_in_executor(None, self._read)
        try:
            async with asyncio.timeout(limit_s):
                await asyncio.shield(self._reading)
        except TimeoutError:
            return Finding(ok=None, said="cannot look: its log was not read in time")
        except FileNotFoundError:
            return Finding(ok=None, said=f"there is no {self._reader.tape.path}")
        except OSError as error:
            said = f"cannot look: cannot read {self._reader.tape.path}: {faults.words(error)}"
            return Finding(ok=None, said=said)
        if self._url is None:
            ok = False if self._reader.is_known else None
            return Finding(ok=ok, said="its log names no public address yet")
        return None

    def _read(self) -> None:
        assert self._reader is not None, "asked for with a log"
        assert self._pattern is not None, "asked for with a pattern"
        for raw in self._reader.unread(BEHIND_MAX):
            if (found := self._pattern.search(plain(raw))) is not None:
                self._url = self._address(found[1] if self._pattern.groups else found[0])

    def _address(self, named: str | None) -> str | None:
        """Return what a log names as an address: whole, a host, or a port of the probe's url."""
        if not named:
            return self._url
        if named.isdecimal() and self._at is not None:
            return str(self._at.with_port(int(named))) if int(named) < 2**16 else self._url
        return named if "://" in named else f"https://{named}"

    # The other side.

    async def _look_there(self, local: Agent | None, timeout_s: float) -> Finding:
        url = self._url
        assert url is not None, "the address was learnt first"
        here = None if local is None else local.ok
        try:
            asked = URL(url)
        except ValueError:
            return Finding(ok=False, said=f"{url} is no address", local=here)
        if asked.scheme not in ("http", "https") or not asked.host:
            return Finding(ok=None, said=f"{url} is not asked: only HTTP is", local=here)
        if self._table.ask != "/" or asked.path in ("", "/"):
            asked = asked.join(URL(self._table.ask))
        answer = await fetch(
            self._session,
            str(asked),
            headers={**AS_A_PROGRAM, **self._table.headers},
            timeout_s=timeout_s,
            wanted=self._table.status,
        )
        prefix = "" if local is None else f"{local.said}; "
        if isinstance(answer, Finding):
            return Finding(ok=answer.ok, said=f"{prefix}{answer.said}", local=here)
        return self._judged(answer, prefix, here=here)

    def _judged(self, answer: Answer, prefix: str, *, here: bool | None) -> Finding:
        found = broken(answer)
        if found is None:
            why = wrong(answer, self._table, pattern=False)
            said = answer.line if why is None else f"{prefix}{why}"
            if why is None and here is False:
                said = f"{answer.line}, though {prefix.removesuffix('; ')}"
            return Finding(ok=why is None, said=said, local=here)
        side, why = found
        if side is Broken.TARGET:
            said = f"the tunnel stands, and what it leads to is down: {why}"
            return Finding(ok=None, said=said, local=False)
        return Finding(ok=False, said=f"{prefix}the public address is dead: {why}", local=here)


def _is_local(url: URL) -> bool:
    return LOOPBACK.fullmatch(url.host or "") is not None


def _as_agent(said: Agent | Finding | None) -> Agent | None:
    """Take an agent that does not answer as one that is not well."""
    return Agent(ok=False, said=said.said) if isinstance(said, Finding) else said
