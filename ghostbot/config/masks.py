"""What of a house no screen shows: what names, headers, addresses and well-known forms give away.

Rule 1: when in doubt it is masked: a word too few is read up in ghost.toml.
Rule 2: each pattern is bounded and begins with what is rare, as a line may be a megabyte long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

HIDDEN = "***"
SHORT = 6  # a shorter value would be found in words that have nothing to do with it
PLAIN = frozenset(  # values that tell nothing, whatever the variable is called
    {
        *("disabled", "enabled", "default", "required", "optional", "production", "development"),
        *("localhost", "undefined", "stopping", "starting", "blocked", "restarting"),
    }
)

_SECRET = re.compile(
    r"TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|COOKIE|DSN|PRIVATE|SIGNATURE|(^|[_-])KEYS?([_-]|$)|APIKEY",
    re.IGNORECASE,
)
_LOCATES = re.compile(r"_(PATH|FILE|DIR|SOCK|SOCKET)$|^(SSH_AUTH_SOCK|PWD|OLDPWD)$", re.IGNORECASE)
_IDENTIFIES = re.compile(r"SHA|COMMIT|VERSION|HASH|DIGEST|BUILD|REVISION|UUID|_ID$", re.IGNORECASE)
# RFC 3986 §3.2.1, userinfo; bounded, as a long word would else be searched from each place on
_USER = re.compile(r"://[^/@\s]{1,300}@")
_OF_USER = re.compile(r"://[^/@:\s]{0,300}:([^/@\s]{1,300})@")
_QUERY = re.compile(r"([?&;][^=&;#\s]+=)[^&;#\s]+")
_OPTION = re.compile(r"(--?[A-Za-z0-9-]*)=(.*)", re.DOTALL)
_KNOWN = re.compile(  # by how they begin, as their makers document it
    r"\b(?:xox[a-z]-|xapp-|gh[oprsu]_|github_pat_|glpat-|npm_|pypi-|AKIA|ASIA|AIza|sk-|[rs]k_live_"
    r"|[rs]k_test_|hf_|SG\.)[A-Za-z0-9_.-]{8,}"
    r"|(?<=hooks\.slack\.com/)[^\s\"'<>]{1,300}"
    r"|\beyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,4000}(?:\.[A-Za-z0-9_-]{0,4000})?"  # RFC 7519
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{1,20000}(?:-----END [A-Z ]{0,30}-----)?"
)
_BEGINNINGS = (
    *("xox", "xapp-", "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "npm_"),
    *("pypi-", "AKIA", "ASIA", "AIza", "sk-", "k_live_", "k_test_", "hf_", "SG.", "hooks.slack"),
    *("eyJ", "PRIVATE KEY"),
)
_NAMED = re.compile(  # password=…, "api_key": "…", token: …4…
    r"(passw(?:or)?d|passphrase|secret|token|ticket|api[_-]?key|access[_-]?key|private[_-]?key)"
    r"(\s{0,3}=\s{0,3}[\"']?|[\"']\s{0,3}:\s{0,3}[\"']|:\s{0,3}(?=[^\s\"',;&<>]{0,200}[0-9]))"
    r"[^\s\"',;&<>(){}\[\]]{6,400}",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(Bearer|Basic) {1,3}(?=[^\s]{0,200}[0-9])[A-Za-z0-9._~+/=-]{8,4000}")
_NAMES = ("passw", "passp", "secret", "token", "ticket", "key")


def is_secret(name: str) -> bool:
    """Tell whether a variable, header or option of that name holds what is nobody's business."""
    return bool(_SECRET.search(name)) and not _LOCATES.search(name)


def looks_secret(name: str, value: str) -> bool:
    """Tell whether a value that was set on purpose can only be a key, whatever it is called."""
    if not re.fullmatch(r"[A-Za-z0-9+/=_-]{20,400}", value) or value.startswith("/"):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return kinds > 1 and bool(re.search("[0-9]", value)) and not _IDENTIFIES.search(name)


def masked_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment whose secrets are masked, so that nothing made of them shows any."""
    return {name: masked_value(name, value) for name, value in environ.items()}


def masked_value(name: str, value: str) -> str:
    """Return the value of a variable or header as it may be shown."""
    secret = is_secret(name) or looks_secret(name, value)
    return HIDDEN if value and secret else masked(value)


def masked(text: str) -> str:
    """Return a text as it may be shown: who enters an address, and known tokens, are masked."""
    if "://" in text:
        text = _USER.sub(f"://{HIDDEN}@", text)
    if any(beginning in text for beginning in _BEGINNINGS):
        text = _KNOWN.sub(HIDDEN, text)
    return text


def _assigned(text: str) -> str:
    """Return a line of a log without what it says to be a password, a key or a token."""
    low = text.lower()
    if any(name in low for name in _NAMES):
        text = _NAMED.sub(rf"\1\2{HIDDEN}", text)
    if "Bearer" in text or "Basic" in text:
        text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    return text


class Veil:
    """Hides secrets wherever they stand in a text: known forms, and those of this house."""

    def __init__(self, values: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        """Take values that nobody may read, and regular expressions of what else is secret."""
        self.values = frozenset(v for v in values if len(v) >= SHORT and v.lower() not in PLAIN)
        written = {form for value in self.values for form in _written(value)}
        self._forms = tuple(sorted(written, key=len, reverse=True))
        self._own = re.compile("|".join(map(re.escape, self._forms))) if written else None
        parts = [f"(?:{pattern})" for pattern in patterns]
        self._patterns = re.compile("|".join(parts)) if parts else None

    def __call__(self, text: str) -> str:
        """Return a text as it may be shown."""
        if self._own is not None and any(form in text for form in self._forms):
            text = self._own.sub(HIDDEN, text)
        text = _assigned(masked(text))
        if self._patterns is not None:
            text = self._patterns.sub(lambda found: HIDDEN if found[0] else "", text)
        return text


def _written(value: str) -> set[str]:
    """Return how a secret may stand in a line: as it is, quoted for a program, or in an address.

    Of one that has several lines each is a secret, as logs are read by the line.
    """
    lines = [line.strip() for line in value.splitlines()]
    whole = {value, *(line for line in lines if len(line) >= 2 * SHORT)}
    quoted = {repr(one)[1:-1] for one in whole} | {one.replace('"', '\\"') for one in whole}
    return {form for form in whole | quoted | {quote(value, safe="")} if len(form) >= SHORT}


def within(value: str) -> set[str]:
    """Return what is secret within a value that is none as a whole: passwords in addresses."""
    found = set(_OF_USER.findall(value)) if "://" in value else set()
    return found | {unquote(one) for one in found}


def masked_url(url: str) -> str:
    """Return an address as it may be shown: what its query says is masked too."""
    return _QUERY.sub(rf"\1{HIDDEN}", masked(url))


def masked_path(url: str) -> str:
    """Return the address of a watcher as it may be shown: its path is what only we may ask."""
    scheme, _, rest = masked_url(url).partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}{slash}{HIDDEN if path else ''}"


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
