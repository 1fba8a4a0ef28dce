"""exit_after.py SECONDS CODE: exits with CODE after SECONDS; a negative CODE is a signal."""

import os
import sys
import time

seconds, code = float(sys.argv[1]), int(sys.argv[2])
time.sleep(seconds)
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
