"""How every command ends: its exit code, and why it failed, on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from ghostbot import errors
from ghostbot.cli import words

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def end(run: Callable[[], object]) -> int:
    """Run a command to its end, and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character still gets the rest of the line.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run()
        sys.stdout.flush()
    except errors.ConfigError as error:
        return _say(*error.mistakes, code=error.exit_code)
    except errors.GhostError as error:
        return _say(f"ghost: {error}", code=error.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `ghost logs web | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _say(f"ghost: cannot go on: {error}", code=1)
    return code if isinstance(code, int) else 0


def _say(*lines: str, code: int) -> int:
    from ghostbot.config.masks import masked  # noqa: PLC0415 - only failures need it

    sys.stderr.write("".join(f"{words.safe(masked(line))}\n" for line in lines))
    return code
