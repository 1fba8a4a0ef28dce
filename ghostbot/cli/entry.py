"""Where `ghost` begins.

Plain `ghost status` is answered without click, whose import alone
takes as long as all the rest of it; everything else goes through `root.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main() -> int:
    """Run what was typed, and return the exit code."""
    words = sys.argv[1:]
    if words[:1] == ["status"] and all(_is_plain(word) for word in words[1:]):
        from ghostbot.cli.endings import end  # noqa: PLC0415 - each way imports only its own

        return end(lambda: _status(words[1:]))
    from ghostbot.cli import root  # noqa: PLC0415

    return root.main()


def _is_plain(word: str) -> bool:
    return word == "--json" or not word.startswith("-")


def _status(words: Sequence[str]) -> None:
    import os  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from ghostbot.cli import table  # noqa: PLC0415
    from ghostbot.cli.api import Api  # noqa: PLC0415
    from ghostbot.config import find  # noqa: PLC0415

    state_dir = find.state_dir(find.find(None, os.environ, Path.cwd()), os.environ)
    names = [word for word in words if word != "--json"]
    table.show(Api(state_dir), names, as_json="--json" in words)
