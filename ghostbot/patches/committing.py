"""Commits what a patch left, and nothing else: the files of its plan, whatever else is staged.

Rule 1: no hook runs, and nothing of the owner's own state of the index is lost.
Rule 2: a commit that does not come about leaves the patch applied, and is told.
"""

from __future__ import annotations

import os
import subprocess
import time

from ghostbot.core.patch import Plan
from ghostbot.core.proposal import CheckLine

LIMIT_S = 60.0
NOT_GITS = ("GIT_", "SLACK_", "GHOST_")
QUIET = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "commit.gpgSign=false", "gc.auto=0")


def commit(root: str, plan: Plan, message: str) -> CheckLine:
    """Commit the files of a plan in the repository that the root lies in. Blocks."""
    began = time.monotonic()
    paths = [p for one in plan.changes for p in (one.path, one.source) if p is not None]
    fresh = [one.path for one in plan.changes if one.base is None or one.source is not None]
    try:
        if fresh:  # what git does not know, it commits by no name
            _git(root, "add", "--intent-to-add", "--", *fresh)
        _git(root, "commit", "--only", "--no-verify", "--quiet", "-m", message, "--", *paths)
    except (OSError, subprocess.SubprocessError) as error:
        return _line(f"not committed: {_why(error)}", began, ok=False)
    return _line("committed", began, ok=True)


def _git(root: str, *words: str) -> None:
    settings = [part for one in QUIET for part in ("-c", one)]
    environ = {
        k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "SLACK_", "GHOST_"))
    }
    subprocess.run(
        ["git", "--literal-pathspecs", *settings, *words],  # noqa: S607  whichever is installed
        cwd=root,
        env={**environ, "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LIMIT_S,
        start_new_session=True,
        check=True,
    )


def _why(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"git took over {LIMIT_S:g} s"
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or error.stdout or "").strip()
        return said.splitlines()[-1][:200] if said else f"git ended with {error.returncode}"
    return str(error)


def _line(said: str, began: float, *, ok: bool) -> CheckLine:
    return CheckLine(name="commit", ok=ok, took_s=time.monotonic() - began, said=said)
