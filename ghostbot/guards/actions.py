"""Actions: what a heal or a person can have done, each as one bounded piece of work.

Rule 1: what goes wrong is Failed, in words, with what was tried; no action raises anything else.
Rule 2: a token and what is sent with it never reach a message, a log or the task.
Rule 3: a token that is not there is said when the action is wanted: it may come with the next
        start of Ghost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, assert_never
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from ghostbot.config.addresses import Known, filled, missing
from ghostbot.config.model import ActionKind, ActionTable
from ghostbot.config.secrets import Secret
from ghostbot.core.words import or_what
from ghostbot.errors import Failed, NoSuch
from ghostbot.guards.executor import Progress, Work
from ghostbot.guards.github import Dispatch, GitHub

OUTPUT_BYTES = 64 * 1024  # read of a command or an answer; the task keeps its end
SAID_MAX = 200
SPARE_S = 5.0  # an action's own limit comes first, as it knows what was tried
HIDDEN = "***"


class Ended(Protocol):
    """How a command ended (process/errand.py)."""

    @property
    def code(self) -> int | None:
        """Its exit code; negative for a signal."""

    @property
    def output(self) -> bytes | str:
        """What it wrote, up to what was wanted of it."""

    @property
    def timed_out(self) -> bool:
        """Whether it was ended for taking too long."""


class Errand(Protocol):
    """Runs one bounded command. Raises CannotSpawn or OSError where it does not begin."""

    def __call__(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None,
        env: Mapping[str, str],
        timeout_s: float,
        most_bytes: int,
    ) -> Awaitable[Ended]:
        """Run it to its end."""


class Restart(Protocol):
    """Restarts daemons. Raises GhostError."""

    def __call__(self, asked: Sequence[str], by: str, *, heal: bool) -> Awaitable[str]:
        """Restart them; a heal leaves alone what a person stopped or holds. Return what became."""


class Actions:
    """Everything in ghost.toml that can be done."""

    def __init__(
        self,
        tables: Callable[[], Mapping[str, ActionTable]],
        *,
        restart: Restart,
        errand: Errand,
        token: Callable[[str], Secret | None],
        known: Known = lambda _: None,
    ) -> None:
        """Take the parts.

        `token` finds the secret that a variable's name stands for, `known` the address of a tunnel.
        """
        self._tables = tables
        self._restart = restart
        self._errand = errand
        self._token = token
        self._known = known
        self._session: aiohttp.ClientSession | None = None
        self._github: GitHub | None = None

    def all(self) -> tuple[ActionTable, ...]:
        """Return them in file order."""
        return tuple(self._tables().values())

    def table(self, name: str) -> ActionTable:
        """Return one. Raises NoSuch."""
        found = self._tables().get(name)
        if found is None:
            near = or_what(name, self._tables())
            raise NoSuch(f"cannot run {name}: no such action{near}", "action")
        return found

    def limit_s(self, table: ActionTable) -> float:
        """Return how long the task of an action may take."""
        return table.timeout_s + SPARE_S

    def work(self, name: str, by: str, *, heal: bool = False) -> Work:
        """Return an action as work for the executor. Raises NoSuch.

        As a heal it is no person's order, and touches nothing that a person stopped or holds.
        """
        said = self.table(name)

        async def work(progress: Progress) -> str:
            if why := missing(said, self._known):
                raise Failed(f"cannot run {name}: {why} is not known yet")
            table = filled(said, self._known)
            match table.kind:
                case ActionKind.RESTART:
                    return await self._restart(table.daemons, by, heal=heal)
                case ActionKind.COMMAND:
                    return await self._command(table, progress)
                case ActionKind.HTTP:
                    return await self._http(table, progress)
                case ActionKind.GITHUB_DISPATCH:
                    return await self._dispatch(table, progress)
            assert_never(table.kind)

        return work

    async def close(self) -> None:
        """Close what was opened; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = self._github = None

    async def _command(self, table: ActionTable, progress: Progress) -> str:
        shown = Path(table.command[0]).name
        try:
            ended = await self._errand(
                table.command,
                cwd=table.cwd,
                env=table.env,
                timeout_s=table.timeout_s,
                most_bytes=OUTPUT_BYTES,
            )
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise Failed(f"cannot run {table.name}: {table.command[0]}: {why}") from None
        held = ended.output
        output = held if isinstance(held, str) else held.decode("utf-8", "replace")
        progress.wrote(output)
        last = next((line for line in reversed(output.splitlines()) if line.strip()), "")
        last = f": {_short(last)}" if last else ""
        if ended.timed_out:
            raise Failed(f"{shown} took longer than {table.timeout_s:g} s and was ended{last}")
        if ended.code != 0:
            raise Failed(f"{shown} {_exited(ended.code)}{last}")
        return f"{shown} exited 0{last}"

    async def _http(self, table: ActionTable, progress: Progress) -> str:
        assert table.url is not None, "the file was checked"
        shown, token = _without_query(table.url), self._token_of(table)
        headers = dict(table.headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        limit = aiohttp.ClientTimeout(total=table.timeout_s)
        try:
            async with self._open().request(
                table.method,
                table.url,
                data=None if table.body is None else table.body.encode(),
                headers=headers,
                timeout=limit,
                allow_redirects=table.method == "GET",
            ) as answer:
                status, body = answer.status, await answer.content.read(OUTPUT_BYTES)
        except TimeoutError:
            raise Failed(f"{shown} did not answer within {table.timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            why = _masked(str(error) or type(error).__name__, token)
            raise Failed(f"cannot reach {shown}: {_short(why)}") from None
        text = _masked(body.decode("utf-8", "replace"), token)
        progress.wrote(text)
        said = f"HTTP {status} from {shown}"
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own
            raise Failed(f"{said}: {_short(text)}" if text.strip() else said)
        return said

    async def _dispatch(self, table: ActionTable, progress: Progress) -> str:
        assert table.repository is not None, "the file was checked"
        token = self._token_of(table)
        if token is None:
            raise Failed(f"cannot run {table.name}: it has no token_env, and GitHub wants a token")
        if self._github is None:
            self._github = GitHub(self._open())
        dispatch = Dispatch(
            repository=table.repository,
            workflow=table.workflow,
            event_type=table.event_type,
            ref=table.ref,
            inputs=table.inputs,
            base_url=table.base_url,
            token_env=table.token_env or "",
        )
        return await self._github.dispatch(
            dispatch, token, within_s=table.timeout_s, say=progress.say
        )

    def _token_of(self, table: ActionTable) -> Secret | None:
        """Return the token of an action that names one. Raises Failed where there is none."""
        if table.token_env is None:
            return None
        token = self._token(table.token_env)
        if token is None:
            raise Failed(
                f"cannot run {table.name}: {table.token_env} is not set; put it into the "
                "environment of `ghost up` or into .env"
            )
        return token

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        return self._session


def _masked(text: str, token: Secret | None) -> str:
    return text if token is None else text.replace(token.reveal(), HIDDEN)


def _without_query(url: str) -> str:
    """Return an address as it may be shown: what stands in a query or before an @ may be secret."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _exited(code: int | None) -> str:
    if code is None:
        return "ended, code unknown"
    return f"exited {code}" if code >= 0 else f"was killed by signal {-code}"


def _short(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= SAID_MAX else f"{one[: SAID_MAX - 1]}…"
