"""What is risky about a patch, in sentences for people: programs read `kind:detail`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

SHOWN = 100  # of a risk that no sentence knows

RISKS = {
    "protected": "It touches {}: such files are protected, as they may hold secrets.",
    "path": "It changes {}: such files decide how code is built, tested or run.",
    "not_allowed": "It touches files that its root does not open to patches.",
    "delete": "It deletes files.",
    "deleted_test": "It deletes tests.",
    "overwrite": "It replaces files that it calls new.",
    "mode": "It changes who may execute a file.",
    "tier:trailing": "A place fits only without regard to white space at the ends of lines.",
    "tier:indent": "A place fits only at another indentation; the new lines were shifted to match.",
    "tier:punctuation": "A place fits only where look-alike quotes and dashes count as the same.",
    "lines": "It changes {} lines, which is a lot to read.",
    "files": "It changes {} files, which is a lot to read.",
    "regex": "Its place was found by a pattern, which can match more than was meant.",
    "matches": "Its pattern changes {} places.",
    "unanchored": "It adds lines to a place that it does not name; they went to the end.",
}


def sentences(risks: Iterable[str], show: Callable[[str], str]) -> list[str]:
    """Return a sentence for each; `show` writes the path or word that one speaks of."""
    return list(dict.fromkeys(_sentence(risk, show) for risk in risks))


def _sentence(risk: str, show: Callable[[str], str]) -> str:
    kind, _, detail = risk.partition(":")
    said = RISKS.get(risk) or RISKS.get(kind)
    if said is None:
        return f"It is flagged: {show(risk[:SHOWN])}."
    number = detail.isascii() and detail.isdigit()
    return said.format(f"{int(detail[:12]):,}" if number else show(detail))
