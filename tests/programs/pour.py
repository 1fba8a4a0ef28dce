"""pour.py MB_PER_S: numbered lines of 1000 bytes, at a rate."""

import os
import sys
import time

rate, number, began = float(sys.argv[1]) * 1e6, 0, time.monotonic()
while True:
    block = b"".join(b"%-998d|\n" % n for n in range(number, number + 100))
    os.write(1, block)
    number += 100
    ahead_s = number * 1000 / rate - (time.monotonic() - began)
    if ahead_s > 0:
        time.sleep(ahead_s)
