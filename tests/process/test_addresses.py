"""tunnels.json: whole or old, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghostbot.core.daemon import Proc
from ghostbot.process.addresses import Address, File

HELD = Address(
    "ngrok",
    "https://b.example",
    since=1.5,
    proved_at=2.5,
    proc=Proc(7, 70, "boot"),
    previous=("https://a.example",),
)
BARE = Address("ssh", "https://c.example", since=1.0, proved_at=1.0)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_what_was_saved_is_what_is_read(tmp_path: Path) -> None:
    file = File(tmp_path / "tunnels.json")
    assert file.load() == {}
    await file.save([HELD, BARE])
    again = File(tmp_path / "tunnels.json")
    assert again.load() == {"ngrok": HELD, "ssh": BARE}
    assert again.notes == ()


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"ngrok": 3}',
        b'{"ngrok": {}}',
        b'{"ngrok": {"url": 4, "since": 1, "proved_at": 1, "proc": null, "previous": []}}',
        b'{"ngrok": {"url": "x", "since": [], "proved_at": 1, "proc": null, "previous": []}}',
        b'{"ngrok": {"url": "x", "since": 1, "proved_at": 1, "proc": {"pid": 1}, "previous": []}}',
        b"[" * 100_000,
    ],
)
def test_what_makes_no_sense_is_kept_aside_and_noted(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "tunnels.json"
    path.write_bytes(held)
    file = File(path)
    assert file.load() == {}
    (note,) = file.notes
    assert note.endswith("it holds no addresses; a copy is kept as tunnels.json.corrupt-1")
    assert (tmp_path / "tunnels.json.corrupt-1").read_bytes() == held


async def test_a_disk_that_takes_no_file_is_told_and_over_when_it_does(tmp_path: Path) -> None:
    told: list[str | None] = []
    file = File(tmp_path / "away" / "tunnels.json", told.append)
    await file.save([HELD])
    assert told == ["cannot save the addresses of tunnels: no such file or directory"]
    (tmp_path / "away").mkdir()
    await file.save([HELD])
    assert told[-1] is None
