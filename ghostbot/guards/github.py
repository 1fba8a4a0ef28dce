"""GitHub's two ways to begin a workflow from outside, and every no of theirs in words.

POST /repos/{owner}/{repo}/dispatches (repository_dispatch) and
POST /repos/{owner}/{repo}/actions/workflows/{id}/dispatches (workflow_dispatch), as
docs.github.com/rest/repos/repos and docs.github.com/rest/actions/workflows have them.

Rule 1: the token is in the request and nowhere else: never in a message, log or task.
Rule 2: a limit that GitHub names is obeyed, by this dispatch and by all after it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import aiohttp

from ghostbot.config.secrets import Secret
from ghostbot.errors import Failed

API = "https://api.github.com"
VERSION = "2022-11-28"
READ_MAX = 64 * 1024  # bytes of an answer; a message is a few hundred
SECONDARY_S = 60.0  # at least, where a secondary limit names no time
SAID_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What is to begin. With a workflow it is a workflow_dispatch, else a repository_dispatch."""

    repository: str  # owner/name
    workflow: str | None = None  # its file name or number
    event_type: str | None = None
    ref: str = "main"
    inputs: Mapping[str, str] = field(default_factory=dict)
    base_url: str = API  # https://HOST/api/v3 for GitHub Enterprise Server
    token_env: str = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable, for people

    @property
    def url(self) -> str:
        """Where it is posted."""
        base = f"{self.base_url.rstrip('/')}/repos/{quote(self.repository)}"
        if self.workflow is None:
            return f"{base}/dispatches"
        return f"{base}/actions/workflows/{quote(self.workflow, safe='')}/dispatches"

    @property
    def body(self) -> dict[str, object]:
        """What is posted."""
        if self.workflow is None:
            return {"event_type": self.event_type, "client_payload": dict(self.inputs)}
        return {"ref": self.ref, "inputs": dict(self.inputs)}

    def __str__(self) -> str:
        if self.workflow is None:
            return f"{self.event_type} at {self.repository}"
        return f"{self.workflow} of {self.repository} on {self.ref}"


class GitHub:
    """One way to GitHub, which remembers when it may be asked again."""

    def __init__(
        self, session: aiohttp.ClientSession, now: Callable[[], float] = time.time
    ) -> None:
        """Take a session, and a clock of epoch seconds."""
        self._session = session
        self._now = now
        self._not_before: dict[str, float] = {}  # by base URL

    async def dispatch(
        self,
        dispatch: Dispatch,
        token: Secret,
        *,
        within_s: float,
        say: Callable[[str], None] = lambda _: None,
    ) -> str:
        """Begin the workflow, and say so. Raises Failed with what GitHub says no with.

        A limit is waited for where it ends within `within_s`.
        """
        deadline = self._now() + within_s
        while True:
            await self._turn(dispatch, deadline, say)
            status, headers, body = await self._post(dispatch, token)
            if status in (200, 204):  # 200 where GitHub tells which run it began
                return f"GitHub takes it: {dispatch}"
            self._not_before[dispatch.base_url] = self._limited_until(status, headers, body)
            if self._not_before[dispatch.base_url] <= self._now():
                said = _words(status, body, dispatch).replace(token.reveal(), "***")
                raise Failed(f"cannot dispatch {dispatch}: {said}")

    async def _turn(self, dispatch: Dispatch, deadline: float, say: Callable[[str], None]) -> None:
        """Wait until GitHub may be asked. Raises Failed where that is later than the deadline."""
        until = self._not_before.get(dispatch.base_url, 0.0)
        wait_s = until - self._now()
        if wait_s <= 0:
            return
        at = datetime.fromtimestamp(until, UTC).strftime("%H:%M:%S UTC")
        if until > deadline:
            raise Failed(f"cannot dispatch {dispatch}: GitHub's rate limit, not before {at}")
        say(f"waits for GitHub's rate limit until {at}")
        await asyncio.sleep(wait_s)

    async def _post(
        self, dispatch: Dispatch, token: Secret
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token.reveal()}",
            "X-GitHub-Api-Version": VERSION,
            "User-Agent": "ghostbot",  # GitHub refuses requests without one
        }
        try:
            async with self._session.post(
                dispatch.url, json=dispatch.body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, answer.headers, await answer.content.read(READ_MAX)
        except (aiohttp.ClientError, OSError) as error:
            host = urlsplit(dispatch.url).netloc
            why = str(error).replace(token.reveal(), "***") or type(error).__name__
            raise Failed(f"cannot dispatch {dispatch}: cannot reach {host}: {why}") from None

    def _limited_until(self, status: int, headers: Mapping[str, str], body: bytes) -> float:
        """Return when GitHub may be asked again, as its rate limits page has it; 0: now."""
        if status not in (403, 429):
            return 0.0
        after = headers.get("retry-after", "")
        if after.isdigit():
            return self._now() + int(after)
        reset = headers.get("x-ratelimit-reset", "")
        if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            return max(float(reset), self._now() + 1)
        limited = status == 429 or "rate limit" in _message(body).lower()  # noqa: PLR2004 - HTTP's
        return self._now() + SECONDARY_S if limited else 0.0


def _words(status: int, body: bytes, dispatch: Dispatch) -> str:
    said = _message(body)
    said = f" ({status}: {said})" if said else f" ({status})"
    needs = "Actions" if dispatch.workflow else "Contents"
    match status:
        case 401:
            return f"the token in {dispatch.token_env} is refused{said}; make a new one"
        case 403:
            return (
                f"the token may not do that{said}; it needs {needs}: write on {dispatch.repository}"
            )
        case 404:
            what = "repository or workflow" if dispatch.workflow else "repository"
            return f"there is no such {what}, or the token may not see it{said}"
        case 422:
            return f"GitHub does not take what it was sent{said}"
        case 301 | 302 | 307 | 308:
            return f"the repository has moved{said}; name it as it is called now"
    return f"GitHub answered {status}{said if _message(body) else ''}"


def _message(body: bytes) -> str:
    """Return what an answer says, as one short line."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    said = " ".join(str(found.get("message", "")).split()) if isinstance(found, dict) else ""
    return said if len(said) <= SAID_MAX else f"{said[: SAID_MAX - 1]}…"
