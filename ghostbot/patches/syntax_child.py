"""Says which sources a patch breaks. Run as `python -I -S syntax_child.py`, with limits.

It reads JSON: where `yaml` lies, and the files, each as its kind, its new source and its old one
(each byte a character). It writes for each source null or what is wrong, the new one first. Where
that parses, the old one is not asked: nothing was broken. It runs none of them, and builds nothing
of YAML: what names itself a thousand times over cannot grow.
"""

import ast
import json
import resource
import sys
import tomllib
import warnings

CPU_S = 10
BYTES = 1024 * 1024 * 1024


def main() -> None:
    """Limit itself, parse, and write one line for each source as it goes."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    said = json.load(sys.stdin)
    if said["yaml"] is not None:
        sys.path.append(said["yaml"])
    for kind, new, old in said["files"]:
        after = tell(wrong(kind, new.encode("latin-1")))
        tell(wrong(kind, old.encode("latin-1")) if after else None)


def tell(found: object) -> object:
    """Write a line at once: the next source may be the end of us."""
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    return found


def wrong(kind: str, source: bytes) -> object:
    """Return the line and the words of what is wrong; None where nothing is."""
    try:
        if kind == "py":
            compile(source, "patched", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
            return None
        return of_words(kind, source.decode("utf-8-sig"))
    except SyntaxError as error:
        return [error.lineno or 1, error.msg]
    except (ValueError, MemoryError, RecursionError) as error:
        return [1, (str(error).splitlines() or ["it is too deep"])[0]]


def of_words(kind: str, text: str) -> object:
    """Return the same for JSON, TOML and YAML. Raises ValueError and its like."""
    if kind == "toml":
        tomllib.loads(text)
    elif kind == "yaml":
        return of_yaml(text)
    else:
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            return [error.lineno, error.msg]
    return None


def of_yaml(text: str) -> object:
    """Return the same for YAML, where its parser is at hand."""
    try:
        import yaml  # noqa: PLC0415 - few patches are of YAML
    except ImportError:
        return None
    try:
        for _ in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return [mark.line + 1 if mark else 1, error.problem or "no YAML"]
    except yaml.YAMLError as error:
        return [1, (str(error).splitlines() or ["no YAML"])[0]]
    return None


if __name__ == "__main__":
    main()
