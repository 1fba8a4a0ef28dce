"""Watching files, on real ones."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ghostbot.watch import base, changes, meant
from tests.fakes.house import until


@pytest.mark.parametrize(
    ("glob", "path", "is_meant"),
    [
        ("/app/**/*.py", "/app/a.py", True),
        ("/app/**/*.py", "/app/x/y/a.py", True),
        ("/app/**/*.py", "/app/a.pyc", False),
        ("/app/**/*.py", "/other/a.py", False),
        ("/app/*.py", "/app/x/a.py", False),
        ("/app/**", "/app/x/y", True),
        ("/app/src?/[ab]*.js", "/app/src1/b.js", True),
        ("/app/src?/[!ab]*.js", "/app/src1/b.js", False),
        ("/app/a.(b)", "/app/a.(b)", True),
        ("/app/web.conf", "/app/web.conf", True),
        ("/app/**/*.py", "/app/node_modules/x/a.py", False),
        ("/app/**/*.py", "/app/__pycache__/a.py", False),
        ("/app/**", "/app/web.log", False),
        ("/app/**", "/app/.a.swp", False),
        ("/home/temp/app/**", "/home/temp/app/a", True),  # only what lies below counts
    ],
)
def test_a_glob_means_what_people_mean(glob: str, path: str, is_meant: bool) -> None:
    assert meant(path, {"web": (glob,)}) == (["web"] if is_meant else [])


def test_what_is_watched_is_the_folder_above_all_that_is_meant() -> None:
    assert base("/app/src/**/*.py") == Path("/app/src")
    assert base("/app/*/x.py") == Path("/app")
    assert base("/etc/web.conf") == Path("/etc")


class Seen:
    """What was said so far."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.troubles: list[str | None] = []

    def has(self, name: str, path: Path) -> bool:
        return (name, str(path)) in self.found


@asynccontextmanager
async def watching(globs: dict[str, tuple[str, ...]]) -> AsyncIterator[Seen]:
    stop, seen = asyncio.Event(), Seen()

    async def follow() -> None:
        async for found in changes(globs, stop, seen.troubles.append):
            seen.found += [(name, path) for name, paths in found.items() for path in paths]

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follow(), name="follow")
        yield seen
        stop.set()


async def touched_until(path: Path, seen: Seen, name: str = "web") -> None:
    """Write until it is seen: nothing tells when the system begins to watch."""
    count = 0

    def write() -> bool:
        nonlocal count
        count += 1
        if path.parent.is_dir() and count % 20 == 1:
            path.write_text(str(count))
        return seen.has(name, path)

    await until(write)


async def test_a_change_is_told_to_those_whose_file_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    globs = {"web": (f"{tmp_path}/a/**/*.py",), "all": (f"{tmp_path}/**/*.py",)}
    async with watching(globs) as seen:
        await touched_until(tmp_path / "b" / "x.py", seen, "all")
        await touched_until(tmp_path / "a" / "x.py", seen)
        (tmp_path / "a" / "x.txt").write_text("nobody's")
        await touched_until(tmp_path / "a" / "y.py", seen)
    assert {path for name, path in seen.found if name == "web"} == {
        str(tmp_path / "a" / "x.py"),
        str(tmp_path / "a" / "y.py"),
    }


async def test_a_folder_that_comes_later_or_comes_again_is_watched(tmp_path: Path) -> None:
    src = tmp_path / "src"
    async with watching({"web": (f"{src}/*.py",)}) as seen:
        src.mkdir()
        await touched_until(src / "a.py", seen)
        (src / "a.py").unlink()
        src.rmdir()
        src.mkdir()
        await touched_until(src / "b.py", seen)


async def test_an_editor_that_replaces_the_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "web.conf"
    path.write_text("old")
    async with watching({"web": (str(path),)}) as seen:

        def replaced() -> bool:
            beside = tmp_path / ".web.conf.swp"
            beside.write_text("new")
            beside.rename(path)
            return seen.has("web", path)

        await until(replaced)
    assert {path for _, path in seen.found} == {str(path)}


async def test_a_name_that_is_no_text_is_told_and_those_after_it_are_seen(tmp_path: Path) -> None:
    async with watching({"web": (f"{tmp_path}/*.py",)}) as seen:
        await touched_until(tmp_path / "a.py", seen)
        os.close(os.open(os.fsencode(tmp_path) + b"/\xff.py", os.O_CREAT | os.O_WRONLY))
        await until(lambda: any(told and "\\xFF" in told for told in seen.troubles))
        await touched_until(tmp_path / "b.py", seen)
    assert seen.troubles[-1] is None
