"""Why a look failed, in words, and whether that is Ghost's own trouble.

Rule 1: what never left this machine, or could not even begin, says nothing of whom it was to ask.
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterator

OWN = {
    errno.EMFILE: "Ghost has no descriptor left",
    errno.ENFILE: "the machine has no descriptor left",
    errno.ENOMEM: "the machine has no memory left",
    errno.EAGAIN: "the machine has no room for it now",
    errno.ENOBUFS: "the machine has no network buffers left",
    errno.EADDRNOTAVAIL: "the machine has no address to ask from",
    errno.ENETDOWN: "this machine's network is down",
    errno.ENETUNREACH: "this machine has no network that leads there",
}
# getaddrinfo(3): the resolver itself failed. EAI_NONAME is an answer: there is no such name.
OWN_NAMES = {
    socket.EAI_AGAIN: "this machine's resolver does not answer",
    socket.EAI_MEMORY: "the machine has no memory left",
    socket.EAI_SYSTEM: "this machine's resolver does not work",
}
THEIRS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection broken off",
    errno.EPIPE: "connection broken off",
    errno.EHOSTUNREACH: "no such host in the network",
    errno.ETIMEDOUT: "no answer at all",
}
_NUMBER = re.compile(r"\[Errno (-?[0-9]+)\]")  # aiohappyeyeballs puts several errors into one text


def own(error: OSError) -> str | None:
    """Return what Ghost or its machine lacked; None where whom it asked is to blame."""
    if isinstance(error, socket.gaierror):
        return OWN_NAMES.get(error.errno or 0)
    found = [OWN.get(number) for number in _numbers(error)]
    return found[0] if found and all(found) else None


def words(error: OSError) -> str:
    """Return what went wrong, for people."""
    if isinstance(error, socket.gaierror):
        return OWN_NAMES.get(error.errno or 0, "there is no such name")
    for number in _numbers(error):
        if number in THEIRS:
            return THEIRS[number]
    return own(error) or (error.strerror or str(error) or type(error).__name__).lower()


def _numbers(error: OSError) -> Iterator[int]:
    if error.errno is not None:
        yield error.errno
        return
    yield from (int(number) for number in _NUMBER.findall(str(error)))
