"""pour.py MB_PER_S [LINES]: numbered lines of 1000 bytes, at a rate, a hundred at once.

With LINES it writes so many at once, and never makes up for lost time: then the rate is never
exceeded, not for a moment.
"""

import os
import sys
import time

rate, number, began = float(sys.argv[1]) * 1e6, 0, time.monotonic()
at_once, hurries = (int(sys.argv[2]), False) if len(sys.argv) > 2 else (100, True)
while True:
    block = b"".join(b"%-998d|\n" % n for n in range(number, number + at_once))
    os.write(1, block)
    number += at_once
    ahead_s = number * 1000 / rate - (time.monotonic() - began)
    if not hurries:
        time.sleep(at_once * 1000 / rate)
    elif ahead_s > 0:
        time.sleep(ahead_s)
