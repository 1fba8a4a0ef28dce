"""What a plan would do that nobody should: put secrets into files, or leave out what stays.

Rule 1: only lines that are new are judged. What stood there before is not this patch's doing.
Rule 2: a secret is named by its kind and its place, and shown to nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ghostbot.core.patch import Change, Place, Refused

# What each provider's tokens begin with. Nothing is guessed from how random a word looks.
_SECRETS = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{60,}",
    "GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}",
    "Slack webhook": r"hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
    "Anthropic key": r"\bsk-ant-[A-Za-z0-9_-]{20,}",
    "OpenAI key": r"\bsk-(?:proj-|svcacct-)[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9]{40,}\b",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{20,}",
    "npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "PyPI token": r"\bpypi-AgE[A-Za-z0-9_-]{40,}",
    "SendGrid key": r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}",
    "DigitalOcean token": r"\bdo[opr]_v1_[a-f0-9]{64}\b",
    "webhook secret": r"\bwhsec_[A-Za-z0-9+/]{24,}",
}
_SECRET = re.compile("|".join(f"(?P<_{n}>{rule})" for n, rule in enumerate(_SECRETS.values())))
_KINDS = tuple(_SECRETS)

_PARTS = r"(?:code|file|function|class|method|implementation|module|imports?|content)"
_ELIDED = re.compile(
    rf"\s*(?://|#|/\*+|<!--|--|;|\*|\{{/\*)?\s*(?:\.\.\.|…)\s*(?:the |your |keep )*"
    rf"(?:existing {_PARTS}|rest of (?:the |your )?{_PARTS}|(?:remaining|previous|unchanged|same) "
    rf"{_PARTS})\b",
    re.IGNORECASE,
)


def vet(change: Change) -> None:
    """Look at the lines that a change adds. Raises Refused: secret, elided."""
    for line, text in _added(change):
        if found := _SECRET.search(text):
            kind = _KINDS[int((found.lastgroup or "_0")[1:])]
            why = f"line {line} would hold a secret ({kind}); keep it out of files"
            raise _refused("secret", change, why, line)
        if _ELIDED.match(text):
            why = f"line {line} stands for lines that were left out; send them"
            raise _refused("elided", change, why, line)


def _added(change: Change) -> Iterator[tuple[int, str]]:
    """Give the lines that are new, with their numbers in the new file."""
    if change.new is None:
        return
    before = Counter(_lines(change.base or b""))
    for number, text in enumerate(_lines(change.new), start=1):
        if before[text] > 0:
            before[text] -= 1
        else:
            yield number, text


def _lines(data: bytes) -> list[str]:
    return re.split("\r\n|\n|\r", data.decode("utf-8", "replace"))


def _refused(code: str, change: Change, why: str, line: int) -> Refused:
    return Refused(code, f"cannot patch {change.path}: {why}", Place(path=change.path, line=line))
