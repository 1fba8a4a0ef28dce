"""Whether a Ghost lives that keeps a state directory, also when all its files are gone.

A lock is a file, and files are removed, replaced and copied while Ghost runs. So each Ghost also
listens on an abstract socket (unix(7)) that is named after its state directory: it is there for as
long as its process, and nobody can take it away.

Rule 1: it is a second net. Where the system has no such sockets there is none, and the lock does.
Rule 2: only a Ghost of our own user, or root's, counts: whoever else takes the name stops nobody.
"""

from __future__ import annotations

import hashlib
import os
import socket
import struct
from pathlib import Path

from ghostbot.process.identity import LINUX, identify

UCRED = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


def state_id(state_dir: Path) -> str:
    """Name a state directory in the markers of its processes, also when all its files are lost."""
    return hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:12]


def announce(name: str) -> socket.socket | None:
    """Be there under a state directory's id until it is closed; None where that cannot be."""
    if not LINUX:
        return None
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        door.bind(_address(name))
        door.listen(1)
    except OSError:
        door.close()
        return None
    return door


def living(name: str) -> int | None:
    """Return the pid of the Ghost that keeps the state directory of this id; None for none."""
    if not LINUX:
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as asking:
        try:
            asking.connect(_address(name))
            held = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size)
        except OSError:  # ECONNREFUSED: nobody
            return None
    pid, uid, _ = UCRED.unpack(held)
    is_ours = uid in (0, os.geteuid()) and pid > 0  # 0: of another pid namespace
    return pid if is_ours and identify(pid) is not None else None


def hang_up(door: socket.socket) -> None:
    """Send away whoever asked; else the queue fills, and nobody can ask any more."""
    while True:
        try:
            door.accept()[0].close()
        except OSError:
            return


def _address(name: str) -> str:
    return f"\0ghost-lives/{name}"
