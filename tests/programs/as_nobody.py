"""Runs `ghost` as a user who may open none of its files: LINES in argv, exit codes as JSON.

Each line is first run where no Ghost is, so that whatever it imports is there before the rights go.
"""

import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

from ghostbot.cli import entry

empty, house, uid, *lines = sys.argv[1:]


def run(folder: str, line: str) -> tuple[int, str]:
    os.environ["GHOST_CONFIG"] = f"{folder}/ghost.toml"
    sys.argv = ["ghost", *line.split()]
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = entry.main()
    return code, said.getvalue()


for line in lines:
    run(empty, line)
if int(uid):
    os.setgroups([])
    os.setgid(int(uid))
    os.setuid(int(uid))
json.dump({line: run(house, line) for line in lines}, sys.stdout)
