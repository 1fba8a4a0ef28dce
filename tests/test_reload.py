"""ghost.toml is read as somebody left it, and not as somebody is writing it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from ghostbot import reload as module
from ghostbot.config.load import load
from ghostbot.config.model import Config
from ghostbot.errors import ConfigError

OLD = '[daemon.web]\ncommand = ["sleep", "1"]\n'
NEW = OLD + '[daemon.db]\ncommand = ["sleep", "1"]\n'


@pytest.mark.parametrize("before", [OLD, "[daemon."], ids=["whole", "half"])
async def test_a_file_that_is_written_to_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    path = tmp_path / "ghost.toml"
    path.write_text(before)
    os.utime(path, (1, 1))
    times = []

    def meanwhile(read: Path, environ: Mapping[str, str]) -> Config:
        times.append(time.monotonic())
        try:
            return load(read, environ)
        finally:
            if len(times) == 1:
                path.write_text(NEW)
                os.utime(path, (2, 2))

    monkeypatch.setattr(module, "load", meanwhile)
    found = await module._read(path)
    assert (len(times), list(found.daemons)) == (2, ["web", "db"])


async def test_a_mistake_that_stands_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ghost.toml"
    path.write_text("[daemon.")
    with pytest.raises(ConfigError):
        await module._read(path)
