"""The secrets of webhooks: read where ghost.toml names them, at each delivery, so that they rotate.

Rule 1: what cannot be used is no secret, and a source without any takes nothing.
Rule 2: none is ever shown; each is hidden in every text that leaves Ghost from when it is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ghostbot import veil
from ghostbot.config.model import Scheme, WebhookTable
from ghostbot.config.secrets import found
from ghostbot.web.signatures import usable

SHORT = 16  # letters: fewer are guessed by whoever has the time


class Keys:
    """Reads secrets from the environment and from `.env`."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        """Take the folder of ghost.toml."""
        self._folder = folder
        self._environ = environ

    def of(self, source: WebhookTable) -> Sequence[bytes]:
        """Return what proves a delivery of this source now. Reads a file: blocks."""
        words = [word for _, word in self._words(source) if word]
        veil.also(words)
        made = (usable(source.scheme, word) for word in words)
        return [key for key in made if key is not None]

    def _words(self, source: WebhookTable) -> Iterator[tuple[str, str]]:
        for name in source.secret_env:
            secret = found(name, self._folder, self._environ)
            yield name, "" if secret is None else secret.reveal()

    def mistakes(self, source: WebhookTable) -> Iterator[tuple[bool, str]]:
        """Say what is wrong with its secrets, and whether it takes nothing for that. Blocks."""
        words = list(self._words(source))
        of, held = f"[webhook.{source.name}]", [(name, word) for name, word in words if word]
        if not held:
            names = " and ".join(name for name, _ in words)
            verb = "is" if len(words) == 1 else "are"
            yield True, f"{of} takes nothing: {names} {verb} not set; write it into .env"
        usables = [name for name, word in held if usable(source.scheme, word) is not None]
        for name, word in held:
            if name not in usables:
                way_out = "it is whsec_ and base64, as `openssl rand -base64 32` makes it"
                yield not usables, f"{of} cannot use {name}: {way_out}"
            elif len(word) < SHORT:
                way_out = "`openssl rand -base64 32` makes a better one"
                yield False, f"{of}: {name} is so short that it can be guessed; {way_out}"
        if source.scheme is Scheme.BEARER and any(not w.isascii() or " " in w for _, w in held):
            yield False, f"{of}: its secret holds what many programs cannot send in a header"
