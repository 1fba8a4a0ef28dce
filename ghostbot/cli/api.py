"""Asking Ghost over ghost.sock, in as much of HTTP/1.0 as that takes.

http.client would bring the email parser and TLS along: 20 ms, a third of `ghost status`.
In HTTP/1.0 a body ends with its connection (RFC 1945 §7.2), so there is little to parse.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ghostbot import errors
from ghostbot.web.address import address

PATIENCE_S = 10  # no answer takes longer, unless it was asked to wait
WAIT_S = 75  # Ghost itself gives up waiting after 60 s
BY_CODE: dict[str, type[errors.GhostError]] = {
    kind.code: kind for kind in (errors.BadRequest, errors.NoSuch, errors.NotAllowed, errors.Failed)
}
ENDED = "Ghost ended before it answered; see `ghost status`"
TOLD = frozenset({"outcomes", "plan_digest"})  # whose presence says more than a no
SEND_S = 75  # planning a patch of many regexes takes a while
FAILED_FROM = 400  # the statuses of RFC 9110 §15.5 and §15.6 say no


class Api:
    """One Ghost, asked once a call."""

    def __init__(self, state_dir: Path) -> None:
        """Take the state directory whose Ghost is meant."""
        self._state_dir = state_dir

    def get(self, path: str, *, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """Return the answer to a GET. Raises what Ghost said no with, or NotRunning."""
        return self._ask("GET", path, b"", patience_s)

    def send(self, path: str, data: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to a POST of what is no JSON of ours: a patch. Raises as `get`."""
        given = {"Content-Type": "text/plain", **headers}
        return self._ask("POST", path, data, SEND_S, given)

    def post(
        self,
        path: str,
        body: dict[str, Any],
        *,
        wait: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> dict[str, Any]:
        """Return the answer to a POST; with `wait`, Ghost may take a minute. Raises as `get`."""
        query = "?wait=true" if wait else ""
        held = json.dumps(body).encode()
        return self._ask("POST", f"{path}{query}", held, WAIT_S if wait else patience_s)

    def stream(self, path: str) -> Iterator[dict[str, Any]]:
        """Give the objects of a stream, one a line, until it ends. Raises as `get`."""
        with self._connect() as connection, connection.makefile("rb") as file:
            connection.settimeout(None)  # a log may be silent for days
            _send(connection, "GET", path, b"", {})
            if (status := _status(file)) >= FAILED_FROM:
                _read(status, file)
            for line in file:
                if line.strip():
                    yield json.loads(line)

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes,
        patience_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        try:
            with self._connect() as connection, connection.makefile("rb") as file:
                connection.settimeout(patience_s)
                _send(connection, method, path, body, headers or {})
                return _read(_status(file), file)
        except ConnectionError:
            raise errors.NotRunning(ENDED) from None
        except TimeoutError:
            raise errors.GhostError(
                f"cannot ask Ghost: it has not answered for {patience_s:g} s; "
                f"see {self._state_dir / 'ghost.log'}"
            ) from None

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            # A timeout of Python's makes connect(2) fail at once where the queue is full; this
            # one waits for room (socket(7), SO_SNDTIMEO).
            patience = struct.pack("ll", PATIENCE_S, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
            with address(self._state_dir) as path:
                connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            connection.close()
            raise not_running(self._state_dir) from None
        except PermissionError:
            connection.close()
            raise errors.NotAllowed(
                f"cannot ask Ghost: {self._state_dir} is another user's"
            ) from None
        except BlockingIOError:
            connection.close()
            raise TimeoutError from None
        return connection


def not_running(state_dir: Path) -> errors.NotRunning:
    """Return the words for a Ghost that is not there."""
    return errors.NotRunning(
        f"Ghost is not running here (state directory {state_dir}); start it with `ghost up`"
    )


def _send(
    connection: socket.socket, method: str, path: str, body: bytes, more: Mapping[str, str]
) -> None:
    """Send a request. Raises BadRequest for a header that is no line of ASCII."""
    lines = [f"{method} {path} HTTP/1.0", "Host: ghost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in more.items()]
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise errors.BadRequest(f"cannot send {', '.join(more)}: it takes one line of ASCII")
    connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii") + body)


def _status(file: BinaryIO) -> int:
    """Read the head of an answer, and return its status."""
    first = file.readline().split(None, 2)
    while file.readline().strip():
        pass
    if len(first) < 2 or not first[1].isdigit():  # noqa: PLR2004 - protocol and status
        raise errors.NotRunning(ENDED)
    return int(first[1])


def _read(status: int, file: BinaryIO) -> dict[str, Any]:
    """Return the object in an answer. Raises what it says no with."""
    try:
        body = json.loads(file.read())
    except ValueError:
        raise errors.GhostError("cannot read Ghost's answer: it ended too early") from None
    if not isinstance(body, dict):
        raise errors.GhostError("cannot read Ghost's answer: it is no JSON object")
    if status >= FAILED_FROM and not TOLD & body.keys():
        said = body.get("error", {})
        if said.get("code") == errors.ConfigError.code:
            raise errors.ConfigError(said["message"].split("\n"))
        code = str(said.get("code"))
        none = errors.NoSuch if code.startswith("no_such_") else errors.GhostError
        kind = BY_CODE.get(code, none)
        raise kind(said.get("message", f"Ghost answered {status}"))
    return body
