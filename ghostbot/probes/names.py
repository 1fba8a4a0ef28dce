"""Finds the addresses of names, and never holds anything up: getaddrinfo(3) cannot be cancelled.

Rule 1: each question has a thread of its own that nobody waits for: a resolver that hangs for
        half a minute takes no worker from the rest of Ghost, and does not delay its end.
Rule 2: at most ASKED_MAX such questions are open; another is refused, as Ghost's own trouble.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

ASKED_MAX = 16

Found = Sequence[tuple[Any, Any, int, str, tuple[Any, ...]]]
Ask = Callable[..., Found]


class Names(AbstractResolver):
    """The machine's own resolver, for probes."""

    def __init__(self, ask: Ask = socket.getaddrinfo) -> None:
        """Take who is asked: getaddrinfo, or what answers like it."""
        self._ask = ask
        self._open = 0
        self._waiting: Counter[str] = Counter()

    def is_waiting(self, host: str) -> bool:
        """Tell whether a question for `host` is open."""
        return self._waiting[host] > 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host`. Raises OSError."""
        if self._open >= ASKED_MAX:
            raise OSError(errno.EAGAIN, "too many questions to the resolver are open")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Found] = loop.create_future()

        def told(found: Found | OSError) -> None:
            self._open -= 1
            self._waiting -= Counter((host,))
            if answer.done():  # nobody waits any more
                return
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def ask() -> None:
            found = self._asked(host, port, family)
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(told, found)

        try:
            threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
        except RuntimeError as error:  # no process slot for a thread
            raise OSError(errno.EAGAIN, "cannot start a thread") from error
        self._open += 1
        self._waiting[host] += 1
        return [_result(host, item) for item in await answer]

    def _asked(self, host: str, port: int, family: socket.AddressFamily) -> Found | OSError:
        """Ask, and wait for the answer. Blocks; for a thread."""
        try:
            found = self._ask(host, port, type=socket.SOCK_STREAM, family=family)
        except OSError as error:
            return error
        except UnicodeError:  # a label of more than 63 characters, or an empty one
            found = ()
        return found or socket.gaierror(socket.EAI_NONAME, "there is no such name")

    async def close(self) -> None:
        """Forget nothing: there is nothing to close."""


def _result(host: str, item: tuple[Any, Any, int, str, tuple[Any, ...]]) -> ResolveResult:
    family, _, proto, _, address = item
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(
        hostname=host, host=address[0], port=address[1], family=family, proto=proto, flags=flags
    )
