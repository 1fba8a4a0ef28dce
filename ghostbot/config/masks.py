"""What of a configuration no screen shows: what names, headers and addresses give away.

Rule 1: when in doubt it is masked: a word too few is read up in ghost.toml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

HIDDEN = "***"

_SECRET = re.compile(
    r"TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|COOKIE|DSN|PRIVATE|SIGNATURE|(^|[_-])KEY([_-]|$)|APIKEY",
    re.IGNORECASE,
)
_LOCATES = re.compile(r"_(PATH|FILE|DIR|SOCK|SOCKET)$|^(SSH_AUTH_SOCK|PWD|OLDPWD)$", re.IGNORECASE)
_USER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/@\s]+@")  # RFC 3986 §3.2.1: userinfo
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
