"""What daemons say of themselves: sd_notify(3), heard on a datagram socket for each.

Rule 1: a daemon's address is the same for every Ghost of a state directory, so that one that
        was started by an earlier Ghost can still tell the next.
Rule 2: the kernel names the sender, and who does not belong to the daemon is not heard. A
        sender that has ended already must at least be of the daemon's user.
Rule 3: descriptors that come along are closed once the rest is read. That answers BARRIER=1,
        for which systemd-notify(1) waits.
"""

from __future__ import annotations

import array
import asyncio
import logging
import os
import socket
import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ghostbot.core.daemon import Proc
from ghostbot.process.identity import LINUX, stat_of
from ghostbot.process.tree import marker_of

UCRED = struct.Struct("3i")  # pid, uid, gid: unix(7), SCM_CREDENTIALS
MESSAGE_MAX = 4096  # as much as systemd reads
DESCRIPTORS_MAX = 64
ANCESTORS_MAX = 32  # looked at between a sender and its daemon's leader
PER_TURN = 32  # messages read from one daemon before others have their turn

log = logging.getLogger("ghost.notices")


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. `pid` and `uid` are None where the system does not name the sender."""

    fields: dict[str, str]
    pid: int | None
    uid: int | None


def address_of(state_id: str, name: str) -> str:
    """Return what a daemon finds in NOTIFY_SOCKET."""
    if LINUX:
        return f"@ghost/{state_id}/{name}"
    folder = f"ghost-{os.getuid()}-{state_id}"  # short: a path ends after 103 bytes
    return f"{tempfile.gettempdir()}/{folder}/{name}"


class Notices:
    """The sockets of all daemons that notify."""

    def __init__(
        self,
        state_id: str,
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Listen to nobody yet. `tell` gets a line for people about who cannot be heard."""
        self._state_id = state_id
        self._loop = loop
        self._tell = tell
        self._doors: dict[str, socket.socket] = {}
        self.heard: Callable[[str, Notice], None] = lambda _name, _notice: None

    def listen(self, name: str) -> None:
        """Hear a daemon from now on, as far as the system lets us."""
        if name in self._doors:
            return
        address = address_of(self._state_id, name)
        try:
            door = _open(address)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            self._tell(f"cannot hear whether {name} is ready: {address}: {why}")
            return
        self._tell(None)
        self._doors[name] = door
        self._loop.add_reader(door.fileno(), self._read, name, door)

    def forget(self, name: str) -> None:
        """Hear a daemon no more."""
        if door := self._doors.pop(name, None):
            self._loop.remove_reader(door.fileno())
            door.close()
            if not LINUX:
                Path(address_of(self._state_id, name)).unlink(missing_ok=True)

    def close(self) -> None:
        """Hear nobody any more."""
        for name in tuple(self._doors):
            self.forget(name)

    def belongs(self, notice: Notice, name: str, leader: Proc) -> bool:
        """Tell whether whoever sent a notice is of the tree that `leader` leads."""
        if notice.pid is None:
            return True  # the address is this daemon's own
        if notice.pid == leader.pid:
            return True
        sender = stat_of(notice.pid)
        if sender is None:
            return notice.uid == _uid_of(leader.pid)
        marker = marker_of(notice.pid) or ""
        if leader.pid in (sender.session, sender.group):
            return True
        own = marker_of(leader.pid) or f"{self._state_id}/{name}/"
        return (bool(marker) and marker.startswith(own)) or _descends(sender.ppid, leader.pid)

    def _read(self, name: str, door: socket.socket) -> None:
        space = socket.CMSG_SPACE(UCRED.size) + socket.CMSG_SPACE(DESCRIPTORS_MAX * 4)
        for _ in range(PER_TURN):
            try:
                data, ancillary, flags, _ = door.recvmsg(MESSAGE_MAX, space)
            except OSError:  # nothing more; or a flood used all descriptors up
                return
            pid, uid = _sender(ancillary)
            descriptors = _descriptors(ancillary)
            try:
                if flags & socket.MSG_TRUNC:
                    log.warning("notice too long daemon=%s", name)
                else:
                    self.heard(name, Notice(_fields(data), pid, uid))
            finally:
                for fd in descriptors:
                    with suppress(OSError):
                        os.close(fd)


def _open(address: str) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        door.settimeout(0)
        if LINUX:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        door.bind(_place(address))
    except OSError:
        door.close()
        raise
    return door


def _place(address: str) -> str:
    if address.startswith("@"):
        return "\0" + address[1:]
    path = Path(address)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise PermissionError(f"{path.parent} is another user's")
    path.unlink(missing_ok=True)  # left by a Ghost that is gone: there is one at a time
    return address


def _fields(data: bytes) -> dict[str, str]:
    lines = data.decode("utf-8", "replace").splitlines()
    return {key: value for key, sep, value in (line.partition("=") for line in lines) if sep}


_Ancillary = list[tuple[int, int, bytes]]


def _sender(ancillary: _Ancillary) -> tuple[int | None, int | None]:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == getattr(socket, "SCM_CREDENTIALS", -1):
            pid, uid, _ = UCRED.unpack(data[: UCRED.size])
            return pid, uid
    return None, None


def _descriptors(ancillary: _Ancillary) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return list(found)


def _uid_of(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None


def _descends(pid: int, leader: int) -> bool:
    for _ in range(ANCESTORS_MAX):
        if pid == leader:
            return True
        stat = stat_of(pid) if pid > 1 else None
        if stat is None:
            return False
        pid = stat.ppid
    return False
