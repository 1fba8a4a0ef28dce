"""What marks and status lines in a text say, also where it was decoded wrongly on its way.

Rule 1: an explicit status line wins over marks. Good and bad marks together are mixed.
Rule 2: only what was said in the last moment counts: a 🔴 that a later 🟢 took back is history,
        and a 🟢 that nobody renewed is too. How old the newest is, is part of the answer.
Rule 3: a text is repaired only where it was UTF-8 read as MacRoman or as Windows-1252: then it
        turns back without rest. Of lines that were only partly spoilt the marks are repaired.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ghostbot.core.stamps import stamp_of

GOOD, BAD, MEH = "✅🟢", "❌🔴", "🟡⚠"
ERRORS_KEPT = 3
LAST_LINES = 10  # that count, where no line says when it was written
SHOWN_MAX = 300


class Mark(StrEnum):
    """What it comes to."""

    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Word(StrEnum):
    """What a status line says."""

    PARTIAL = "partial"
    PENDING = "pending"
    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - a verdict


@dataclass(frozen=True, slots=True)
class Reading:
    """What the end of a log says."""

    mark: Mark
    line: str = ""  # that says so
    at: float | None = None  # when it was said, in epoch seconds
    is_sure: bool = True  # False: the time was read from a broken stamp
    errors: tuple[str, ...] = ()  # the last lines that tell of one, the newest last


# Status lines.

_STATUS = re.compile(
    r"[\s#*\->]*(?:\[[^\]]*\][\s#*\->]*|\d{4}-\d{2}-\d{2}[T ]\S+\s+(?:[A-Z]+:?\s+)?)?"
    r"(?:(?:patch|overall|final)[\s_]+)?status[\s*_`]*:[\s*_`]*(.*)",
    re.IGNORECASE,
)
_WORDS: Sequence[tuple[Word, str]] = (  # in this order
    (Word.PARTIAL, r"PARTIAL"),
    (Word.PENDING, r"PENDING|AWAITING|IN[ _-]PROGRESS|STARTING|INVESTIGATING"),
    (Word.FAIL, r"(?<!\bNO )(?<!\b0 )(?:FAIL|ERROR|BROKEN|CRITICAL|BLOCKED|DOWN\b)"),
    (Word.FAIL, r"NOT (?:PASS|SUCCESS|COMPLETE|DONE|HEALTHY|OPERATIONAL|RESOLVED)"),
    (Word.PASS, r"(?:PASS|SUCCESS|COMPLETE|DONE\b|HEALTHY|OPERATIONAL|RESOLVED)"),
)
_PATTERNS = [(word, re.compile(rf"\b(?:{pattern})", re.IGNORECASE)) for word, pattern in _WORDS]
_ERROR = re.compile(r"\b(?:ERROR|FATAL|PANIC|Traceback)\b|(?:Error|Exception)\b")
_MEANT = {
    Word.PASS: Mark.HEALTHY,
    Word.FAIL: Mark.CRITICAL,
    Word.PARTIAL: Mark.MIXED,
    Word.PENDING: Mark.UNKNOWN,
}


def status_of(line: str) -> str | None:
    """Return what stands behind `Status:`, `Patch Status:` and the like; None without."""
    if "tatus" not in line and "TATUS" not in line:  # most lines: a match costs more
        return None
    found = _STATUS.match(line)
    return found[1].strip() if found else None


def word_of(said: str) -> Word | None:
    """Return what a status line says in words."""
    return next((word for word, pattern in _PATTERNS if pattern.search(said)), None)


def mark_of(text: str) -> Mark | None:
    """Return what the marks in a text come to; None without any."""
    good, bad, meh = (any(mark in text for mark in marks) for marks in (GOOD, BAD, MEH))
    if good and bad:
        return Mark.MIXED
    if bad:
        return Mark.CRITICAL
    if meh:
        return Mark.WARNING
    return Mark.HEALTHY if good else None


# The end of a log.


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    mark: Mark
    is_status: bool
    at: float | None
    is_sure: bool


def reading(
    lines: Iterable[str], *, written_at: float, window_s: float, local_s: int = 0, since: float = 0
) -> Reading:
    """Return what the last lines of a log say, the oldest first.

    The log was last written to at `written_at`; what was said before `since`, or more than
    `window_s` before the newest of it, does not count.
    """
    found: list[_Said] = []
    errors: list[str] = []
    at, is_sure = None, True
    for line in lines:
        text = repaired(line)
        if (stamp := stamp_of(text, local_s)) is not None:
            at, is_sure = stamp.at, stamp.is_whole
        if at is not None and at < since:
            continue
        said = _said(text)
        if said is not None:
            found.append(_Said(text, *said, at, is_sure))
        if _ERROR.search(text) or (said and said[0] in (Mark.CRITICAL, Mark.MIXED)):
            errors.append(text.strip()[:SHOWN_MAX])
    return _come_to(found, tuple(errors[-ERRORS_KEPT:]), written_at, window_s)


def _said(text: str) -> tuple[Mark, bool] | None:
    """Return what one line says, and whether by a status line."""
    status = status_of(text)
    if status is not None and (word := word_of(status)) is not None:
        return _MEANT[word], True
    mark = mark_of(text if status is None else status)
    return None if mark is None else (mark, status is not None)


def _come_to(
    found: Sequence[_Said], errors: tuple[str, ...], written_at: float, window_s: float
) -> Reading:
    if not found:
        return Reading(Mark.UNKNOWN, errors=errors)
    stamped = [said.at for said in found if said.at is not None]
    if stamped:
        newest = max(stamped)
        found = [said for said in found if said.at is not None and said.at >= newest - window_s]
    else:
        newest, found = written_at, found[-LAST_LINES:]
    telling = [said for said in found if said.is_status][-1:] or found
    marks = {said.mark for said in telling}
    good, bad = Mark.HEALTHY in marks, Mark.CRITICAL in marks
    if Mark.MIXED in marks or (good and bad):
        mark = Mark.MIXED
    else:
        mark = next(one for one in (Mark.CRITICAL, Mark.WARNING, *marks) if one in marks)
    worst = [Mark.CRITICAL, Mark.MIXED] if mark is Mark.MIXED else [mark]
    line = next(one for like in worst for one in reversed(telling) if one.mark is like)
    # Nobody writes a line before its time: a stamp of the future has a wrong zone or clock.
    at = min(newest, written_at)
    return Reading(mark, line.text.strip()[:SHOWN_MAX], at, line.is_sure, errors)


# Mojibake.


def _table(codec: str) -> Mapping[str, int]:
    """Return which byte each character of a codec was; undefined bytes pass as they are."""
    table = {}
    for byte in range(256):
        try:
            table[bytes([byte]).decode(codec)] = byte
        except UnicodeDecodeError:
            table[chr(byte)] = byte
    return table


_CODECS = [_table("mac_roman"), _table("cp1252")]
_APPLE = "\uf8ff"  # what MacRoman makes of the first byte of an emoji; often lost on the way


def _spoilt() -> Mapping[str, str]:
    """Return what became of each mark, with the mark itself."""
    forms = {}
    for table in _CODECS:
        back = {byte: char for char, byte in table.items()}
        for mark in (*GOOD, *BAD, *MEH, "⚠️", "🚀", "🔄", "📊"):
            form = "".join(back[byte] for byte in mark.encode())
            forms[form] = mark
            forms[form.removeprefix(_APPLE)] = mark
    return forms


_SPOILT = _spoilt()
# Letters that nobody meant: `ß–` in Windows-1252 is one of NKo. Latin and what is beyond is likely.
_RARE = ("\u0250", "\u2000")
# What the first byte of a letter in UTF-8 became. Latin letters may be that too: they are tried.
_FIRST_BYTE = 0xC2
_SUSPECTS = {char for table in _CODECS for char, byte in table.items() if byte >= _FIRST_BYTE}
_SUSPECT = re.compile(f"[{''.join(sorted(_SUSPECTS | {form[0] for form in _SPOILT}))}]")
_ANY_SPOILT = re.compile("|".join(sorted(map(re.escape, _SPOILT), key=len, reverse=True)))


def repaired(line: str) -> str:
    """Return a line as it was before it was decoded wrongly."""
    if line.isascii() or not _SUSPECT.search(line):
        return line
    for table in _CODECS:
        try:
            found = bytes(table[char] for char in line).decode("utf-8")
        except (KeyError, UnicodeDecodeError):
            continue
        if all(char < _RARE[0] or char > _RARE[1] for char in found):
            return found
    return _ANY_SPOILT.sub(lambda found: _SPOILT[found[0]], line)
