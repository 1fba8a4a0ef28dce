"""What of a configuration no screen shows: what names, headers and addresses give away.

Rule 1: when in doubt it is masked: a word too few is read up in ghost.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

HIDDEN = "***"
SHORT = 6  # a shorter value would be found in words that have nothing to do with it

_SECRET = re.compile(
    r"TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|COOKIE|DSN|PRIVATE|SIGNATURE|(^|[_-])KEY([_-]|$)|APIKEY",
    re.IGNORECASE,
)
_LOCATES = re.compile(r"_(PATH|FILE|DIR|SOCK|SOCKET)$|^(SSH_AUTH_SOCK|PWD|OLDPWD)$", re.IGNORECASE)
# RFC 3986 §3.2.1, userinfo; bounded, as a long word would else be searched from each letter on
_USER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://)[^/@\s]{1,300}@")
_QUERY = re.compile(r"([?&;][^=&;#\s]+=)[^&;#\s]+")
_OPTION = re.compile(r"(--?[A-Za-z0-9-]*)=(.*)", re.DOTALL)
_KNOWN = re.compile(  # by how they begin: Slack, GitHub, AWS, and keys called sk-
    r"\b(xox[a-z]-|xapp-|gh[a-z]_|github_pat_|AKIA|sk-)[A-Za-z0-9_-]{8,}"
)


def is_secret(name: str) -> bool:
    """Tell whether a variable, header or option of that name holds what is nobody's business."""
    return bool(_SECRET.search(name)) and not _LOCATES.search(name)


def masked_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment whose secrets are masked, so that nothing made of them shows any."""
    return {name: masked_value(name, value) for name, value in environ.items()}


def masked_value(name: str, value: str) -> str:
    """Return the value of a variable or header as it may be shown."""
    return HIDDEN if value and is_secret(name) else masked(value)


def masked(text: str) -> str:
    """Return a text as it may be shown: who enters an address, and known tokens, are masked."""
    return _KNOWN.sub(HIDDEN, _USER.sub(rf"\1{HIDDEN}@", text))


class Veil:
    """Hides secrets wherever they stand in a text: known tokens, and those of this house."""

    def __init__(self, values: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        """Take values that nobody may read, and regular expressions of what else is secret."""
        long = sorted({v for v in values if len(v) >= SHORT}, key=len, reverse=True)
        parts = [re.escape(value) for value in long] + [f"(?:{p})" for p in patterns]
        self._own = re.compile("|".join(parts)) if parts else None

    def __call__(self, text: str) -> str:
        """Return a text as it may be shown."""
        shown = masked(text)
        return self._own.sub(HIDDEN, shown) if self._own else shown


def masked_url(url: str) -> str:
    """Return an address as it may be shown: what its query says is masked too."""
    return _QUERY.sub(rf"\1{HIDDEN}", masked(url))


def masked_command(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command as it may be shown: what follows `--password` is masked."""
    shown: list[str] = []
    for word in words:
        before = shown[-1] if shown else ""
        option = _OPTION.fullmatch(word)
        if option and is_secret(option[1]):
            shown.append(f"{option[1]}={HIDDEN}")
        elif before.startswith("--") and "=" not in before and is_secret(before):
            shown.append(word if word.startswith("-") else HIDDEN)
        else:
            shown.append(masked(word))
    return tuple(shown)
