"""hold_stdout.py SECONDS: exits 0 at once; its child holds stdout for SECONDS."""

import os
import sys
import time

if os.fork() == 0:
    time.sleep(float(sys.argv[1]))
    os._exit(0)
os.write(1, b"leaving\n")
os._exit(0)
