"""counter.py [SECONDS]: numbers its lines, one every SECONDS (0.01)."""

import os
import sys
import time

pause, number = float(sys.argv[1]) if len(sys.argv) > 1 else 0.01, 0
while True:
    number += 1
    os.write(1, f"{os.getpid()} {number}\n".encode())
    time.sleep(pause)
