"""leader_dies.py SECONDS KIND...: leaves children as fork_children.py does, and dies with 3."""

import os
import runpy
import signal
import sys
from pathlib import Path

signal.signal(signal.SIGALRM, lambda *_: os._exit(3))
signal.setitimer(signal.ITIMER_REAL, float(sys.argv.pop(1)))  # fork(2) leaves timers behind
runpy.run_path(str(Path(__file__).with_name("fork_children.py")), run_name="__main__")
