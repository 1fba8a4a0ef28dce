"""stamped.py: lines of 100 bytes, `NUMBER TIME xxx…`, two megabytes a second, until TERM.

Then it says on stderr how many there were. TIME is when the line was about to be written.
"""

import os
import signal
import sys
import time

AT_ONCE = 4
ended: list[int] = []
signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
number = 0
while not ended:
    lines = []
    for _ in range(AT_ONCE):
        head = b"%d %.6f " % (number, time.time())
        lines.append(head + b"x" * (99 - len(head)) + b"\n")
        number += 1
    os.write(1, b"".join(lines))
    time.sleep(0.0002)
print(number, file=sys.stderr)
