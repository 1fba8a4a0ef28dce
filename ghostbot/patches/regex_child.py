"""Finds where a pattern matches. Run as `python -I -S regex_child.py`, with limits of its own.

It reads two lengths, the pattern and the text, and writes a line of JSON: spans, or what is wrong.
"""

import json
import re
import resource
import sys

CPU_S = 2
BYTES = 256 * 1024 * 1024
SPANS = 10_000


def main() -> None:
    """Limit itself, search, and say what was found."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sizes = sys.stdin.buffer.readline().split()
    pattern = sys.stdin.buffer.read(int(sizes[0])).decode("utf-8", "surrogateescape")
    text = sys.stdin.buffer.read(int(sizes[1])).decode("utf-8", "surrogateescape")
    sys.stdout.write(json.dumps(searched(pattern, text)))


def searched(pattern: str, text: str) -> dict[str, object]:
    """Return the spans of all matches, or why there are none to speak of."""
    try:
        found = []
        for match in re.compile(pattern).finditer(text):
            found.append(match.span())
            if match.start() == match.end() or len(found) > SPANS:
                break
    except re.error as error:
        return {"wrong": str(error)}
    except (MemoryError, RecursionError, OverflowError):
        return {"wrong": "it needs too much memory"}
    return {"spans": found}


if __name__ == "__main__":
    main()
