"""The files of the workspace: announced, sent, shared; bounded, so the oldest go.

A text file is a snippet, whoever brings it; its object carries the first lines as a preview, and
only a download has all of it (Slack's "File object").
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ghostbot.playground.directory import TEAM_DOMAIN, TEAM_ID
from ghostbot.playground.normal import Json

MOST_FILES = 200
MOST_KEPT = 64 << 20  # bytes of all files together
MOST_SNIPPET = 1 << 20  # Slack shows a longer text as a file
PREVIEW = 2_000  # characters of a text that are shown
TYPES = {
    "diff": ("diff", "Diff"),
    "js": ("javascript", "JavaScript"),
    "json": ("json", "JSON"),
    "md": ("markdown", "Markdown"),
    "patch": ("diff", "Diff"),
    "py": ("python", "Python"),
    "sh": ("shell", "Shell"),
    "yaml": ("yaml", "YAML"),
    "yml": ("yaml", "YAML"),
}


@dataclass(slots=True)
class File:
    """A file; `data` is there once it was sent, and `channels` once it was shared."""

    id: str
    name: str
    length: int
    user: str
    created: int
    title: str = ""
    data: bytes | None = None
    shared: bool = False
    channels: list[str] = field(default_factory=list)

    @property
    def text(self) -> str | None:
        """What stands in it, when it is a text of some sort."""
        if self.data is None or b"\0" in self.data:
            return None
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            return None


class Cabinet:
    """Every file, the newest last."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._files: dict[str, File] = {}
        self._doors: dict[str, str] = {}  # the secret of an upload URL → the file's id

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[File]:
        return iter(tuple(self._files.values()))

    def announce(self, name: str, length: int, user: str) -> tuple[str, File]:
        """Make room for a file that is going to be sent; the secret of its door, and the file."""
        file = File(f"F{secrets.token_hex(5).upper()}", name, length, user, int(self._now()))
        secret = secrets.token_urlsafe(18)
        self._files[file.id] = file
        self._doors[secret] = file.id
        self._make_room()
        return secret, file

    def door(self, secret: str) -> File | None:
        """The file that is awaited behind an upload URL."""
        file = self._files.get(self._doors.get(secret, ""))
        return file if file is not None and file.data is None else None

    def receive(self, file: File, data: bytes) -> None:
        """Keep what was sent."""
        file.data = data
        self._make_room()

    def find(self, name: str) -> File | None:
        """The file with this id."""
        return self._files.get(name)

    def drop(self, file: File) -> None:
        """Take a file away for good."""
        self._files.pop(file.id, None)
        self._doors = {secret: name for secret, name in self._doors.items() if name != file.id}

    def _make_room(self) -> None:
        while len(self._files) > 1 and (len(self._files) > MOST_FILES or self._size() > MOST_KEPT):
            self.drop(next(iter(self._files.values())))

    def _size(self) -> int:
        return sum(len(file.data or b"") for file in self._files.values())


def as_wire(file: File, base_url: str) -> Json:
    """The file object of Slack, for a file that was sent."""
    assert file.data is not None  # only those are shared
    text = file.text
    kind, pretty = TYPES.get(file.name.rpartition(".")[2].lower(), ("text", "Plain Text"))
    if text is None:
        kind, pretty = "binary", "Binary"
    snippet = text is not None and len(file.data) <= MOST_SNIPPET
    private = f"{base_url}/files-pri/{TEAM_ID}-{file.id}"
    wire: Json = {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": "application/octet-stream" if text is None else "text/plain",
        "filetype": kind,
        "pretty_type": pretty,
        "user": file.user,
        "user_team": TEAM_ID,
        "editable": snippet,
        "size": len(file.data),
        "mode": "snippet" if snippet else "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{private}/{file.name}",
        "url_private_download": f"{private}/download/{file.name}",
        "permalink": f"https://{TEAM_DOMAIN}.slack.com/files/{file.user}/{file.id}/{file.name}",
        "file_access": "visible",
        "has_rich_preview": False,
    }
    return wire | (_preview(text) if text is not None else {})


def _preview(text: str) -> Json:
    shown = text[:PREVIEW]
    return {
        "preview": shown,
        "lines": text.count("\n") + 1,
        "lines_more": text.count("\n") - shown.count("\n"),
        "preview_is_truncated": len(text) > PREVIEW,
    }
