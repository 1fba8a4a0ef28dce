"""The names of files in a diff's headers: quoted as C does, with a date behind, or prefixed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NOTHING = "/dev/null"
_ESCAPE = re.compile(rb'\\([0-7]{1,3}|[abtnvfr"\\])')
_LETTERS = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Names:
    """What the file was called, and what it is called then; None is absence."""

    old: str | None
    new: str | None


def named(
    *,
    git: str | None,
    old: str | None,
    new: str | None,
    moved: Mapping[str, str],
    fresh: bool,
    gone: bool,
) -> Names:
    """Return the two names. Raises ValueError where the headers disagree."""
    pair = _pair(git) if git is not None else None
    if old is not None and new is not None:
        before, after = unquoted(old), unquoted(new)
    elif pair is not None:
        before, after = pair
    else:
        before = after = ""
    strip = _prefixed(before, after, pair, git=git is not None)
    if strip:
        before, after = before.removeprefix("a/"), after.removeprefix("b/")
    if moved:
        return _moved(before, after, moved)
    if not before or not after:
        raise ValueError("it names no file")
    return _checked(before, after, fresh=fresh, gone=gone)


def _moved(before: str, after: str, moved: Mapping[str, str]) -> Names:
    kind = "copy" if "copy to" in moved else "rename"
    source, target = moved.get(f"{kind} from"), moved.get(f"{kind} to")
    if source is None or target is None:
        raise ValueError(f"a {kind} needs both names")
    source, target = unquoted(source), unquoted(target)
    if before and (before, after) != (source, target):
        raise ValueError(f"its headers name {before!r} and {source!r} for one file")
    return Names(source, target)


def _checked(before: str, after: str, *, fresh: bool, gone: bool) -> Names:
    if before == NOTHING and after == NOTHING:
        raise ValueError("it names no file")
    if before == NOTHING or fresh:
        return Names(None, after)
    if after == NOTHING or gone:
        return Names(before, None)
    if before != after:
        why = "two names for one file, and no rename is said"
        raise ValueError(f"{before!r} and {after!r} are {why}")
    return Names(before, after)


def _prefixed(before: str, after: str, pair: tuple[str, str] | None, *, git: bool) -> bool:
    """Tell whether a/ and b/ are prefixes, and not folders of those names."""
    if git and pair is not None:
        return pair[0].startswith("a/") and pair[1].startswith("b/")
    if before == NOTHING:
        return after.startswith("b/")
    if after == NOTHING:
        return before.startswith("a/")
    return before.startswith("a/") and after.startswith("b/")


def _pair(git: str) -> tuple[str, str] | None:
    """Cut `a/X b/X`: without quotes both are the same name, or only other headers tell."""
    if git.startswith('"') and (first := _QUOTED.match(git)):
        return unquoted(first[0]), unquoted(git[first.end() :].lstrip())
    if git.endswith('"') and ' "' in git:
        at = git.index(' "')
        return git[:at], unquoted(git[at + 1 :])
    half = len(git) // 2
    before, after = git[:half], git[half + 1 :]
    if git[half : half + 1] == " " and before.removeprefix("a/") == after.removeprefix("b/"):
        return before, after
    return ("a/", "b/") if git.startswith("a/") and " b/" in git else None


def unquoted(word: str) -> str:
    """Return a name as it is: without date, and without the quotes of C."""
    if word.startswith('"') and (found := _QUOTED.match(word)):
        raw = found[1].encode("utf-8", "surrogateescape")
        return _ESCAPE.sub(_byte, raw).decode("utf-8", "surrogateescape")
    return word.split("\t", 1)[0].rstrip("\r")


def _byte(found: re.Match[bytes]) -> bytes:
    word = found[1]
    code = int(word, 8) & 0xFF if word[0] in b"01234567" else _LETTERS[word[0]]
    return bytes([code])
