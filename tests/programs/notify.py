"""notify.py [HOW]: says `started`, and on HUP tells NOTIFY_SOCKET that it is ready.

HOW is `self`, `child` (a child with a session of its own tells, and stays) or `brief` (a child
tells and is gone at once).
"""

import os
import signal
import socket
import sys


def tell() -> None:
    address = os.environ["NOTIFY_SOCKET"]
    door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if address.startswith("@"):
        address = "\0" + address[1:]
    door.sendto(b"STATUS=warm\nREADY=1\n", address)


def on_hup(*_: object) -> None:
    how = sys.argv[1] if len(sys.argv) > 1 else "self"
    if how == "self":
        tell()
    else:
        pid = os.fork()
        if pid == 0:
            if how == "child":
                os.setsid()
            tell()
            if how == "child":
                signal.pause()
            os._exit(0)
        if how == "brief":
            os.waitpid(pid, 0)
    os.write(1, b"told\n")


signal.signal(signal.SIGHUP, on_hup)
os.write(1, b"started\n")
while True:
    signal.pause()
