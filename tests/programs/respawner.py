"""Ignores TERM; five lines of processes, each forking its successor every 2 ms and leaving.

Each line ends by itself after 20 s, so that a failing test cannot leave one for ever.
"""

import os
import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
limit = time.monotonic() + 20
for _ in range(5):
    if os.fork():
        continue
    while time.monotonic() < limit:
        time.sleep(0.002)
        if os.fork():
            os._exit(0)
        os.setsid()
    os._exit(0)
os.write(1, b"ready\n")
while True:
    time.sleep(60)
