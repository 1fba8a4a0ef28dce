"""exit_on_hup.py CODE: says `ready`; on HUP exits with CODE; a negative CODE is a signal."""

import os
import signal
import sys


def end(*_: object) -> None:
    code = int(sys.argv[1])
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


signal.signal(signal.SIGHUP, end)
os.write(1, b"ready\n")
while True:
    signal.pause()
