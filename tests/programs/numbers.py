"""numbers.py WRITERS LINES [BYTES]: processes that share stdout and number their lines, fast.

Each line is `WRITER NUMBER xxx…`, BYTES long (100).
"""

import os
import sys

writers, lines = int(sys.argv[1]), int(sys.argv[2])
width = int(sys.argv[3]) if len(sys.argv) > 3 else 100
children = []
for writer in range(writers):
    pid = os.fork()
    if pid:
        children.append(pid)
        continue
    for number in range(lines):
        head = b"%d %d " % (writer, number)
        os.write(1, head + b"x" * (width - len(head) - 1) + b"\n")
    os._exit(0)
for pid in children:
    os.waitpid(pid, 0)
