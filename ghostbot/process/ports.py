"""Ports of daemons that take any: found once, then kept over restarts of daemon and Ghost.

Rule 1: a port moves on only when a stranger holds it at a start, and that is told.
Rule 2: it comes from a range that no system gives to outgoing connections by itself, at a place
        that follows from the daemon's name: with the file lost, the same port is found again.
Rule 3: a disk that takes no file costs the memory of ports, and never a start.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import zlib
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from ghostbot.config.model import DaemonTable
from ghostbot.process.beside import keep_aside
from ghostbot.process.identity import owner_of_port
from ghostbot.process.tree import marker_of

FIRST, COUNT = 20_000, 10_000  # ip(7): Linux takes 32768 and up for itself, others 49152 and up
MOST = 65_535

log = logging.getLogger("ghost.ports")

Teller = Callable[[str | None], None]


def is_free(port: int) -> bool:
    """Tell whether a program could listen on `port` of loopback now.

    Bound with SO_REUSEADDR, as servers do: else the remains of closed connections (TIME_WAIT)
    would count as an owner.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
        return True


class Ports:
    """The ports that Ghost chose, by daemon."""

    def __init__(
        self, path: Path, state_id: str, taken: Collection[int], tell: Teller | None = None
    ) -> None:
        """Take where they are kept, and the ports that others of this house will want.

        Another `taken` may be put in its place: who has one of these moves on at its next start.
        """
        self._path = path
        self._state_id = state_id
        self.taken = frozenset(taken)
        self._tell = tell or (lambda _: None)
        self._ports: dict[str, int] = {}
        self._moved: str | None = None  # whose port moved, as last told
        self.notes: tuple[str, ...] = ()

    def load(self) -> None:
        """Read what an earlier Ghost chose. What makes no sense is kept aside, and noted."""
        try:
            self._ports = _parsed(self._path.read_bytes())
        except FileNotFoundError:
            return
        except OSError as error:
            self.notes = (f"cannot read {self._path}: {_words(error)}",)
        except ValueError:
            copy = keep_aside(self._path)
            kept = f"; a copy is kept as {copy.name}" if copy else ""
            self.notes = (f"cannot read {self._path}: it holds no ports{kept}",)

    def given(self, table: DaemonTable) -> DaemonTable:
        """Return `table` with the port that it has so far, if any."""
        if not table.port_auto:
            return table
        return replace(table, port=self._ports.get(table.name))

    def settled(self, table: DaemonTable) -> DaemonTable:
        """Return `table` with a port on which it may be started now."""
        if not table.port_auto:
            return table
        kept = self._ports.get(table.name)
        if kept is None:
            self._keep(table.name, self._found(table.name))
        elif kept in self.taken or not (is_free(kept) or self._is_own(table.name, kept)):
            self._move(table.name, kept)
        elif self._moved == table.name:
            self._tell(None)
            self._moved = None
        return self.given(table)

    def _move(self, name: str, kept: int) -> None:
        owner = owner_of_port(kept)
        moved = self._found(name)
        who = f"{owner[1]} ({owner[0]})" if owner else "another daemon of this house"
        log.warning("moved daemon=%s from=%d to=%d holder=%s", name, kept, moved, who)
        self._keep(name, moved)
        self._tell(f"port {kept} of {name} is held by {who}: {name} has port {moved} now")
        self._moved = name

    def _is_own(self, name: str, port: int) -> bool:
        """Tell whether something of the daemon itself still holds its port."""
        owner = owner_of_port(port)
        if owner is None:
            return True  # it was let go meanwhile
        return (marker_of(owner[0]) or "").startswith(f"{self._state_id}/{name}/")

    def _found(self, name: str) -> int:
        """Find a free port. There is one: ten thousand are looked at, and then any will do."""
        taken = self.taken | {port for other, port in self._ports.items() if other != name}
        place = zlib.crc32(f"{self._state_id}/{name}".encode())
        for step in range(COUNT):
            port = FIRST + (place + step) % COUNT
            if port not in taken and port != self._ports.get(name) and is_free(port):
                return port
        with socket.socket() as any_free:
            any_free.bind(("127.0.0.1", 0))
            port = any_free.getsockname()[1]
        return int(port)

    def _keep(self, name: str, port: int) -> None:
        self._ports[name] = port
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            new.write_text(json.dumps(self._ports, indent=1) + "\n", encoding="utf-8")
            os.replace(new, self._path)  # noqa: PTH105 - atomic, as its name says
        except OSError as error:
            self._tell(f"cannot save which port each daemon has: {_words(error)}")
        else:
            self._tell(None)


def _parsed(held: bytes) -> dict[str, int]:
    found = json.loads(held)
    if not isinstance(found, dict):
        raise ValueError("no table")  # noqa: TRY004 - the caller asks whether it makes sense
    for port in found.values():
        if not isinstance(port, int) or not 0 < port <= MOST:
            raise ValueError("no port")
    return found


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
