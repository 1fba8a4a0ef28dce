"""leader_dies.py SECONDS KIND...: as fork_children.py, but dies with 3, SECONDS after `ready`."""

import runpy
import sys
from pathlib import Path

seconds = float(sys.argv.pop(1))
program = Path(__file__).with_name("fork_children.py")
runpy.run_path(str(program), init_globals={"DIES_AFTER_S": seconds}, run_name="__main__")
