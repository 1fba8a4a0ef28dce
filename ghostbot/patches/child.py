"""A process of its own for what a patch's author wrote: it can take time, memory, and be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def asked(script: str, said: bytes, *, wall_s: float) -> bytes:
    """Run one of the scripts beside this one to its end, and return what it wrote, if anything.

    What it wrote before it was killed is returned, too: whoever asked sees that it is not whole.
    Its limits of memory and time are its own; `wall_s` ends it on a machine that gives it none.
    """
    # -I -S: nothing of the environment or of site-packages, and it is there in 15 ms
    command = [sys.executable, "-I", "-S", os.fspath(HERE / script)]
    try:
        done = subprocess.run(
            command,
            input=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=wall_s,
            env={},
            cwd="/",
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        return expired.stdout or b""
    return done.stdout
