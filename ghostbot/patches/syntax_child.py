"""Says which Python sources a patch breaks. Run as `python -I -S syntax_child.py`, with limits.

It reads a JSON list of pairs, the new source and the old one (each byte a character), and writes
for each source null or what is wrong, the new one first. Where that parses, the old one is not
asked: nothing was broken. It runs none of them.
"""

import ast
import json
import resource
import sys
import warnings

CPU_S = 10
BYTES = 1024 * 1024 * 1024


def main() -> None:
    """Limit itself, parse, and write one line for each source as it goes."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    for new, old in json.load(sys.stdin):
        after = tell(wrong(new.encode("latin-1")))
        tell(wrong(old.encode("latin-1")) if after else None)


def tell(found: object) -> object:
    """Write a line at once: the next source may be the end of us."""
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    return found


def wrong(source: bytes) -> object:
    """Return the line and the words of what is wrong; None where nothing is."""
    try:
        compile(source, "patched", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        return [error.lineno or 1, error.msg]
    except (ValueError, MemoryError, RecursionError) as error:
        return [1, str(error) or "it is too deep"]
    return None


if __name__ == "__main__":
    main()
