"""What a tunnel's agent on this machine says of itself, and what providers answer in its stead.

Rule 1: that an agent lives, or says that it is connected, proves no tunnel. It names the public
        address, and helps to say which side is broken.
Rule 2: an address on loopback is an agent's where it answers as one; else it is asked as it is.

ngrok: https://ngrok.com/docs/agent/api (GET /api/tunnels) and https://ngrok.com/docs/errors.
cloudflared: its metrics server's /ready and /quicktunnel; Cloudflare's 530 and `error code: 1033`
are https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ghostbot.probes.finding import Finding
from ghostbot.probes.http import Answer

NGROK, READY, QUICK = "/api/tunnels", "/ready", "/quicktunnel"
PAGE_BYTES = 64 * 1024  # of an answer in which a provider's code is looked for

_NGROK_CODE = re.compile(r"\bERR_NGROK_(\d+)\b")
_CLOUDFLARE_CODE = re.compile(r"\berror code: (1\d{3})\b")
_TARGET_CODES = {"3004", "8012"}  # ngrok: its agent is there, and what it leads to is not
_TARGET_STATUS = (502, 504)

Get = Callable[[str], Awaitable[Answer | Finding]]  # asks the agent for a path


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent's own word."""

    ok: bool
    said: str
    url: str | None = None  # the public address, where it knows one


class Broken(Enum):
    """Which side a provider's own answer blames."""

    TUNNEL = "tunnel"
    TARGET = "target"  # what the tunnel leads to


async def agent(get: Get) -> Agent | Finding | None:
    """Ask who answers on loopback. None: somebody, and no agent; a Finding: nobody."""
    answer = await get(NGROK)
    if isinstance(answer, Finding):
        return answer
    if isinstance(tunnels := _json(answer).get("tunnels"), list):
        return _ngrok(tunnels)
    answer = await get(READY)
    if isinstance(answer, Finding):
        return answer
    if isinstance(ready := _json(answer).get("readyConnections"), int):
        quick = await get(QUICK)
        named = {} if isinstance(quick, Finding) else _json(quick)
        return _cloudflared(ready, named.get("hostname"))
    return None


def _ngrok(tunnels: list[Any]) -> Agent:
    urls = [
        url
        for tunnel in tunnels
        if isinstance(tunnel, dict) and isinstance(url := tunnel.get("public_url"), str)
    ]
    if not urls:
        return Agent(ok=False, said="its agent has no tunnel")
    url = next((url for url in urls if url.startswith("https://")), urls[0])
    return Agent(ok=True, said="its agent has a tunnel", url=url)


def _cloudflared(ready: int, host: object) -> Agent:
    url = f"https://{host}" if isinstance(host, str) and host else None
    if ready < 1:
        return Agent(ok=False, said="its agent is connected to no edge", url=url)
    return Agent(ok=True, said=f"its agent holds {ready} connections", url=url)


def _json(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def broken(answer: Answer) -> tuple[Broken, str] | None:
    """Tell whether a public answer comes from the provider, as the tunnel does not work."""
    page = answer.body[:PAGE_BYTES].decode("utf-8", "replace")
    code = _NGROK_CODE.search(answer.headers.get("ngrok-error-code", "")) or (
        _NGROK_CODE.search(page)
    )
    if code is not None:
        side = Broken.TARGET if code[1] in _TARGET_CODES else Broken.TUNNEL
        return side, f"{answer.line}, {code[0]}"
    code = _CLOUDFLARE_CODE.search(page)
    if answer.status == 530 or (code is not None and answer.status >= 400):  # noqa: PLR2004
        return Broken.TUNNEL, answer.line + (f", {code[0]}" if code else "")
    by_edge = answer.headers.get("Server", "").lower() == "cloudflare"
    if answer.status in _TARGET_STATUS:
        return (Broken.TARGET if by_edge else Broken.TUNNEL), answer.line
    return None
