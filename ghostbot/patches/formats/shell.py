"""Commands that a patch would like to have run. None ever is: they are found, named and refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_STEPS = re.compile(
    r"(pre|post)\w*|validate|validation|testing|tests?|build|execution|commands?|run|scripts?|exec"
)
_COMMAND = re.compile(
    r"(?:echo|npm|npx|yarn|pnpm|node|python3?|pip3?|git|curl|wget|rm|mkdir|cd|bash|sh|zsh|sudo|"
    r"chmod|chown|cp|mv|touch|cat|sed|awk|docker|make|export|source|kill|pkill|while|for)\s"
)
_SIGNS = re.compile(r"\$\(|\s(?:>>?|&&|\|\|?)\s")
TEXTS = frozenset({"contents", "content", "patch", "file_text", "diff", "code_edit", "changes"})


def steps(value: object, at: str = "") -> Iterator[str]:
    """Give the keys under which commands stand, wherever in a patch."""
    if isinstance(value, list):
        for n, one in enumerate(value):
            yield from steps(one, f"{at}[{n}]")
    if not isinstance(value, Mapping):
        return
    for key, one in value.items():
        place = f"{at}.{key}" if at else key
        if (key == "shell" and one) or (_STEPS.fullmatch(key) and _commands(one)):
            yield place
        elif key not in TEXTS or not isinstance(one, str):
            yield from steps(one, place)


def _commands(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, list) and any(isinstance(one, str) and one.strip() for one in value)


def is_command(text: str) -> bool:
    """Tell whether a text is a line for a shell, and no prose."""
    line = text.strip()
    return "\n" not in line and bool(_COMMAND.match(line) or _SIGNS.search(line))
