"""spam.py [BYTES]: writes lines as fast as it can, BYTES of them or for ever."""

import os
import sys

left = int(sys.argv[1]) if len(sys.argv) > 1 else -1
line = b"spam " * 20 + b"\n"
block = line * 600
while left:
    left -= os.write(1, block if left < 0 else block[:left])
