"""Slack's tokens, from the environment or from `.env` beside ghost.toml.

Rule 1: what `.env` says never reaches the environment, so no daemon inherits it.
Rule 2: a secret is shown as *** wherever it is printed; whoever needs it asks by `reveal()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BOT, APP, API = "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_API_URL"

PREFIXES = {BOT: "xoxb-", APP: "xapp-"}  # docs.slack.dev/authentication/tokens
OTHERS = {
    "xoxb-": f"a bot token, which belongs in {BOT}",
    "xapp-": f"an app-level token, which belongs in {APP}",
    "xoxp-": "a user token, and Ghost acts as a bot",
    "xoxe": "a token that expires; Ghost takes one without token rotation",
    "xoxa-": "a legacy token, which Slack retired",
    "https://hooks": "an incoming webhook's address, which cannot do what Ghost does",
}
WHERE = {  # api.slack.com/apps, the page on which each is shown
    BOT: "copy it from OAuth & Permissions",
    APP: "copy it from Basic Information, App-Level Tokens",
}


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A word that no log, repr or message ever shows."""

    _word: str

    def reveal(self) -> str:
        """Return the word itself."""
        return self._word

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _: str) -> str:
        return "***"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("cannot pickle a secret: it stays in this process")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What Ghost needs to enter Slack, and what is wrong with it, in words."""

    bot_token: Secret | None = None
    app_token: Secret | None = None
    api_url: str | None = None
    missing: tuple[str, ...] = ()  # names of the tokens that are nowhere
    mistakes: tuple[str, ...] = ()


def secrets(folder: Path, environ: Mapping[str, str]) -> Secrets:
    """Read what Ghost needs to enter Slack; the environment goes before `folder`/.env."""
    written, mistakes = _dotenv(folder / ".env")
    found = {}
    for name in (BOT, APP, API):
        word = (environ.get(name) or written.get(name) or "").strip()
        if word:
            found[name] = word
    mistakes += _wrong_tokens(found)
    url = found.get(API)
    if url is not None and not _is_api(url):
        mistakes.append(f"{API} is {url}: it must begin with https:// and end in /api/")
    return Secrets(
        bot_token=Secret(found[BOT]) if BOT in found else None,
        app_token=Secret(found[APP]) if APP in found else None,
        api_url=url,
        missing=tuple(name for name in (BOT, APP) if name not in found),
        mistakes=tuple(mistakes),
    )


def found(name: str, folder: Path, environ: Mapping[str, str]) -> Secret | None:
    """Return the word that a variable holds; the environment goes before `folder`/.env."""
    word = (environ.get(name) or _dotenv(folder / ".env")[0].get(name) or "").strip()
    return Secret(word) if word else None


def written(folder: Path) -> dict[str, str]:
    """Return all that `folder`/.env says; nothing where it cannot be read."""
    return {name: word for name, word in _dotenv(folder / ".env")[0].items() if word}


def mistakes(found: Mapping[str, str]) -> list[str]:
    """Say which words cannot be the tokens that they are called, without showing any."""
    return _wrong_tokens(found)


def _dotenv(path: Path) -> tuple[dict[str, str | None], list[str]]:
    if not path.is_file():
        return {}, []
    from dotenv import dotenv_values  # noqa: PLC0415 - only who has a .env waits for it

    try:
        return dict(dotenv_values(path, interpolate=False)), []
    except (OSError, ValueError) as error:  # not ours to read, or no UTF-8
        return {}, [f"cannot read {path}: {error}"]


def _wrong_tokens(found: Mapping[str, str]) -> list[str]:
    """Say which tokens are none, without showing any."""
    wrong = [n for n, prefix in PREFIXES.items() if n in found and not found[n].startswith(prefix)]
    if len(wrong) == len(PREFIXES) and _swapped(found):
        return [f"{BOT} and {APP} are swapped: the first begins with xoxb-, the second with xapp-"]
    said = []
    for name in wrong:
        what = next((w for p, w in OTHERS.items() if found[name].startswith(p)), None)
        held = f"it holds {what}" if what else f"it does not begin with {PREFIXES[name]}"
        said.append(f"{name} cannot be right: {held}; {WHERE[name]}")
    return said


def _swapped(found: Mapping[str, str]) -> bool:
    return found[BOT].startswith(PREFIXES[APP]) and found[APP].startswith(PREFIXES[BOT])


def _is_api(url: str) -> bool:
    """Tell whether `url` is one that Slack's clients take; plain http is for one's own server."""
    return url.startswith(("https://", "http://")) and url.endswith("/api/")
