"""A root in memory, with the rules about paths that a real one has."""

from __future__ import annotations

from collections.abc import Mapping

from ghostbot.core.patch import PLAIN, Plan, Refused
from ghostbot.patches.compile import compile_patch
from ghostbot.patches.files import File
from ghostbot.patches.paths import checked

ROOT = "/srv/app"


class Held:
    """Files by their paths."""

    def __init__(self, files: Mapping[str, bytes | str | File], root: str = ROOT) -> None:
        self.root = root
        self.files = {
            path: one if isinstance(one, File) else File(encoded(one), PLAIN)
            for path, one in files.items()
        }

    def checked(self, path: str) -> str:
        return checked(path, self.root)

    def read(self, path: str) -> File | None:
        return self.files.get(self.checked(path))


def encoded(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data


def planned(patch: bytes | str, files: Mapping[str, bytes | str | File], **options: object) -> Plan:
    return compile_patch(encoded(patch), root="app", files=Held(files), **options)  # type: ignore[arg-type]


def result(patch: bytes | str, files: Mapping[str, bytes | str | File], **options: object) -> bytes:
    """Return what the one file that a patch changes holds then."""
    (change,) = planned(patch, files, **options).changes
    assert change.new is not None
    return change.new


def refusal(
    patch: bytes | str, files: Mapping[str, bytes | str | File], **options: object
) -> Refused:
    """Return why a patch is not applied."""
    try:
        plan = planned(patch, files, **options)
    except Refused as refused:
        return refused
    raise AssertionError(f"it is applied: {plan}")
