"""Who comes through which door, and whether they may.

Rule 1: ghost.sock is 0600: whoever can open it is the local admin, named by the kernel.
Rule 2: the private door is open to every program and every web page on this machine, so it
        asks for the token, and for a Host and an Origin of its own. A foreign name in Host is
        DNS rebinding; a foreign Origin is another page's script.
Rule 3: `/health` needs no token, as it tells nothing but that Ghost lives, and webhooks need
        none, as each delivery is signed by its source.
"""

from __future__ import annotations

import os
import pwd
import socket
import struct
from collections.abc import Callable, Iterable

from aiohttp import web
from aiohttp.typedefs import Middleware

from ghostbot.core.proposal import Way
from ghostbot.orders import Actor, local
from ghostbot.web import answers
from ghostbot.web.token import same

ACTOR = web.RequestKey("actor", Actor)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
OPEN = frozenset({"/health", "/webhook"})
SIGNED = "/webhook/"
UCRED = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


def admission(*, token: Callable[[], str], allowed_hosts: Iterable[str]) -> Middleware:
    """Return the middleware that stands at both doors. `token` is asked at each request."""
    hosts = frozenset(host.lower() for host in allowed_hosts)

    @web.middleware
    async def admit(request: web.Request, handler: answers.Handler) -> web.StreamResponse:
        peer = _socket(request)
        if peer.family == socket.AF_UNIX:
            request[ACTOR] = _local(_uid(peer))
            return await handler(request)
        if refusal := _refuse(request, hosts, peer.getsockname()[1], token()):
            return refusal
        request[ACTOR] = _local(os.getuid())  # only this user can read web.token
        return await handler(request)

    return admit


def way_of(request: web.Request) -> Way:
    """Return by which of these doors it came: ghost.sock is the command line's."""
    return Way.CLI if _socket(request).family == socket.AF_UNIX else Way.HTTP


def _socket(request: web.Request) -> socket.socket:
    if request.transport is None:
        raise ConnectionResetError("the asker went away")
    peer: socket.socket = request.transport.get_extra_info("socket")
    return peer


def _refuse(
    request: web.Request, hosts: frozenset[str], port: int, token: str
) -> web.Response | None:
    host = request.headers.get("Host", "").lower()
    if not _is_own(host, hosts, port):
        way_out = "ask for 127.0.0.1, or name it in [web] allowed_hosts"
        return answers.no(
            403, "wrong_host", f"cannot answer: Host {_shown(host)} is not Ghost's; {way_out}"
        )
    origins = [origin.lower() for origin in request.headers.getall("Origin", ())]
    if any(origin not in (f"http://{host}", f"https://{host}") for origin in origins):
        shown = _shown(origins[0])
        return answers.no(403, "wrong_origin", f"cannot answer: Origin {shown} is another site's")
    if request.path in OPEN or request.path.startswith(SIGNED) or _has(request, token):
        return None
    said = "cannot answer: send `Authorization: Bearer TOKEN`, with the token in web.token"
    return answers.no(401, "no_token", said, {"WWW-Authenticate": 'Bearer realm="ghost"'})


def _is_own(host: str, hosts: frozenset[str], port: int) -> bool:
    name, given_port = _split(host)
    if host in hosts or name in hosts:
        return True
    return name in LOOPBACK and given_port in ("", str(port))


def _split(host: str) -> tuple[str, str]:
    """Split a Host into name and port; an IPv6 address keeps its brackets (RFC 3986 §3.2.2)."""
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        return host, ""
    return name, port


def _has(request: web.Request, token: str) -> bool:
    given = request.headers.getall("Authorization", ())
    if len(given) != 1:
        return False
    scheme, _, credentials = given[0].partition(" ")
    return scheme.lower() == "bearer" and same(credentials.strip(), token)


def _shown(text: str) -> str:
    return repr(text[:100]) if text else "(none)"


def _uid(peer: socket.socket) -> int:
    """Return who opened the socket; where the kernel does not say, its owner, as it is 0600."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return os.getuid()
    _, uid, _ = UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, option, UCRED.size))
    return int(uid)


def _local(uid: int) -> Actor:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user without a line in /etc/passwd
        name = str(uid)
    return local(name)
