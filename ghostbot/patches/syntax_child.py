"""Says which of several Python sources parse. Run as `python -I -S syntax_child.py`, with limits.

It reads a JSON list of sources (each byte a character) and writes, for each, null or what is
wrong. It runs none of them.
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
    for source in json.load(sys.stdin):
        sys.stdout.write(json.dumps(wrong(source.encode("latin-1"))) + "\n")
        sys.stdout.flush()


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
