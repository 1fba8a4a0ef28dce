"""cut_and_stop.py LOG MAX_BYTES WINDOW CUTS [KEEP]: keeps a log short, halts inside a cut.

WINDOW is where: after `copy`, `mark`, `punch`, `collapse` or `rename`, in the cut after CUTS
whole ones.
It says "here", and waits to be killed.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ghostbot.process import cutting, fallocate, marks, settling
from ghostbot.process.cutting import Limits
from ghostbot.process.tape import Tape

log, most, window, cuts = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
keep = int(sys.argv[5]) if len(sys.argv) > 5 else 1000
tape = Tape(log, Limits(most, keep))


def halt_after(holder: object, name: str, is_window: Callable[..., bool]) -> None:
    act = getattr(holder, name)

    def acted(*given: object, **named: object) -> object:
        result = act(*given, **named)
        if is_window(*given) and tape.counts.cuts >= cuts:
            print("here", flush=True)
            time.sleep(1000)
        return result

    setattr(holder, name, acted)


if window == "copy":
    halt_after(cutting, "copy", lambda *_: True)
if window == "mark":
    halt_after(marks, "write", lambda _, mark: mark.cut is not None)
if window == "punch":
    halt_after(fallocate, "punch", lambda *_: True)
if window == "collapse":
    halt_after(fallocate, "collapse", lambda *_: True)
if window == "rename":
    halt_after(settling, "name_copy", lambda *_: True)
while True:
    tape.look()
    while tape.cut():
        pass
    time.sleep(0.001)
