"""fork_children.py KIND...: leaves a child of each kind and waits.

Kinds: group (in the leader's group), own_group, own_session, double_fork; `-term` after a kind
makes that child ignore TERM. Says `child KIND PID` for each, then `ready`.
"""

import os
import signal
import sys
import time


def sleep_for_ever() -> None:
    while True:
        time.sleep(60)


def child(kind: str) -> None:
    if kind.endswith("-term"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind.startswith("own_group"):
        os.setpgid(0, 0)
    elif kind.startswith("own_session"):
        os.setsid()
    elif kind.startswith("double_fork"):
        os.setsid()
        if os.fork():
            os._exit(0)
    os.write(1, f"child {kind} {os.getpid()}\n".encode())
    os.write(said, b".")
    sleep_for_ever()


hears, said = os.pipe()
for wanted in sys.argv[1:]:
    pid = os.fork()
    if pid == 0:
        child(wanted)
    if wanted.startswith("double_fork"):
        os.waitpid(pid, 0)
    os.read(hears, 1)  # the child has said its line
os.write(1, b"ready\n")
if "DIES_AFTER_S" in globals():  # set by leader_dies.py
    time.sleep(globals()["DIES_AFTER_S"])
    os._exit(3)
sleep_for_ever()
