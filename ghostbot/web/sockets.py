"""The sockets that doors stand on: how each is bound, and why one cannot be."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import suppress
from pathlib import Path

from ghostbot.process.identity import owner_of_port
from ghostbot.web.address import address

BACKLOG = 128


def unix_socket(state_dir: Path) -> socket.socket:
    """Return ghost.sock, bound; what lies there was left by a Ghost that is gone."""
    with address(state_dir) as path:
        Path(path).unlink(missing_ok=True)
        door = socket.socket(socket.AF_UNIX)
        try:
            door.bind(path)
            # Before listen(2) nobody can connect, so that it was never open to others.
            Path(path).chmod(0o600)
        except OSError:
            door.close()
            raise
    return door


Key = tuple[int, int]  # device and inode


def key_of(state_dir: Path) -> Key | None:
    """Return which file ghost.sock is now; None where there is none."""
    try:
        with address(state_dir) as path:
            was = Path(path).stat()
    except OSError:
        return None
    return was.st_dev, was.st_ino


def remove_socket(state_dir: Path, key: Key | None) -> None:
    """Remove ghost.sock, where it still is the one that is meant."""
    if key is not None and key_of(state_dir) == key:
        with suppress(OSError), address(state_dir) as path:
            Path(path).unlink(missing_ok=True)


async def tcp_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, place = found[0]
    door = socket.socket(family, kind, protocol)
    try:
        # A port in TIME_WAIT after Ghost's restart is no other's; see socket(7).
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(place)
        door.listen(BACKLOG)  # on some systems only this tells that the port is taken
    except OSError:
        door.close()
        raise
    return door


async def why_shut(name: str, key: str, at: tuple[str, int], error: OSError) -> str:
    """Say why a door stays shut, with the key of [web] that moves it."""
    host, port = at
    why = (error.strerror or str(error)).lower()
    if error.filename:
        return f"cannot open the {name} door on {host}:{port}: {error.filename}: {why}"
    if error.errno == errno.EADDRINUSE:
        owner = await asyncio.to_thread(owner_of_port, port)
        by = f"{owner[1]} ({owner[0]})" if owner and owner[0] else "another program"
        why = f"port is taken by {by}"
    return f"cannot open the {name} door on {host}:{port}: {why}; set [web] {key}"
