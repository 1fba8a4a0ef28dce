"""keep_short.py LOG MAX_BYTES [KEEP]: keeps a log short and packs its archives, until killed."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ghostbot.process import compress
from ghostbot.process.cutting import Limits
from ghostbot.process.tape import Tape

keep = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
tape = Tape(Path(sys.argv[1]), Limits(int(sys.argv[2]), keep))
while True:
    tape.look()
    while tape.cut():
        for archive in reversed(tape.archives):
            if not archive.packed:
                compress.pack(str(archive.path))
                tape.find_packed(archive.start)
    time.sleep(0.001)
