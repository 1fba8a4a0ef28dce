"""What a daemon is started with that fork cannot give it, and how the exec shim is told.

Rule 1: a daemon that asks for none of it is started directly.
Rule 2: the shim's refusal is a line in the daemon's own log; its words become the death's.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection
from pathlib import Path

from ghostbot.config.model import DaemonTable

SHIM = os.fspath(Path(__file__).with_name("shim.py"))
REFUSALS = frozenset({126, 127})
LAST = 4096  # bytes; a refusal is one line
_REFUSAL = re.compile(rb"ghost\[([0-9]+)\]: (cannot [^\n]+)\n\Z")


def needs_shim(table: DaemonTable) -> bool:
    """Tell whether a daemon wants more than its own folder, environment and umask."""
    return table.user is not None or table.nice is not None or bool(table.rlimits)


def with_shim(
    table: DaemonTable, *, said: Collection[str], lc_ctype: str | None
) -> tuple[str, ...]:
    """Return the command that becomes the daemon's own.

    `said` names variables that the file sets, which no user's own replace.
    """
    words = [f"rlimit={name}:{_word(s)}:{_word(h)}" for name, (s, h) in table.rlimits.items()]
    if lc_ctype is not None:
        words.append(f"lc_ctype={lc_ctype}")
    if table.nice is not None:
        words.append(f"nice={table.nice}")
    if table.user is not None:
        words += [f"user={table.user}", f"cwd={os.fspath(table.cwd)}"]
        words += [f"said={key}" for key in ("HOME", "USER", "LOGNAME", "SHELL") if key in said]
    # -I: nothing of the daemon's environment or folder may reach this Python
    return (sys.executable, "-I", "-S", SHIM, *words, "--", *table.command)


def _word(limit: int | None) -> str:
    return "unlimited" if limit is None else str(limit)


def refusal(table: DaemonTable, pid: int, code: int | None) -> str | None:
    """Return why the process that ended with `code` never became the daemon; None where it did."""
    if code not in REFUSALS or not needs_shim(table):
        return None
    try:
        with (table.log.stderr or table.log.path).open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(0, end - LAST))
            found = _REFUSAL.search(log.read(LAST))
    except OSError:
        return None
    if found is None or int(found[1]) != pid:
        return None
    return found[2].decode("utf-8", "replace")
