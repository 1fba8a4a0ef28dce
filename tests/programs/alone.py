"""alone.py LOCK [SECONDS [LIFE_S [BYTES]]]: numbers its lines, and must be the only one.

A line is `PID NUMBER`, and as many x as make it BYTES long. A second copy finds the lock taken,
says `doubled`, and ends. With LIFE_S it exits 1 after that.
TERM is ignored where LOCK ends in `stubborn`.
"""

import fcntl
import os
import signal
import sys
import time

path, pause = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 0.01
life_s = float(sys.argv[3]) if len(sys.argv) > 3 else float("inf")
width = int(sys.argv[4]) if len(sys.argv) > 4 else 0
if path.endswith("stubborn"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    os.write(1, f"doubled {os.getpid()}\n".encode())
    sys.exit(99)
begun, number = time.monotonic(), 0
while time.monotonic() - begun < life_s:
    number += 1
    head = f"{os.getpid()} {number} "
    os.write(1, f"{head:x<{width}}\n".encode())
    time.sleep(pause)
sys.exit(1)
