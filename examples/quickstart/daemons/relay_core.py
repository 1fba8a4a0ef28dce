"""A stubborn daemon: ignores TERM, and its children live in sessions of their own.

Two are forked once; the third is forked twice, so that its parent is not this process.
"""

import os
import signal
import sys
import time


def say(words: str) -> None:
    print(time.strftime("%H:%M:%S"), f"[{os.getpid()}]", words, flush=True)


def relay(name: str) -> None:
    say(f"{name} open")
    while True:
        time.sleep(20)
        say(f"{name} still open")


def fork(name: str, *, twice: bool) -> None:
    child = os.fork()
    if child:
        if twice:
            os.waitpid(child, 0)  # it ends at once, and its child is nobody's
        return
    os.setsid()
    if twice and os.fork():
        sys.exit(0)
    relay(name)


signal.signal(signal.SIGTERM, signal.SIG_IGN)
fork("relay a", twice=False)
fork("relay b", twice=False)
fork("relay c, forked twice,", twice=True)
relay("the core")
