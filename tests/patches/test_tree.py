"""A root is read by descriptors of its folders, and nothing outside it ever."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ghostbot.core.patch import EXECUTABLE, PLAIN, Refused
from ghostbot.errors import NoSuch
from ghostbot.patches.files import FILE_BYTES, File
from ghostbot.patches.tree import Tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("alive")
    return root


def code(root: Path, path: str) -> str:
    with Tree(root) as tree, pytest.raises(Refused) as refused:
        tree.read(path)
    assert path in refused.value.words
    return refused.value.code


def test_a_file_is_read_with_its_bytes_and_whether_it_runs(root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / "x").write_bytes(b"\xff\r\n\0")
    (root / "run").write_bytes(b"#!")
    (root / "run").chmod(0o700)
    with Tree(root) as tree:
        assert tree.read("a/x") == File(b"\xff\r\n\0", PLAIN)
        assert tree.read("./run") == File(b"#!", EXECUTABLE)
        assert tree.read(f"{tree.root}/run") == File(b"#!", EXECUTABLE)


def test_what_is_not_there_is_none_and_not_an_error(root: Path) -> None:
    with Tree(root) as tree:
        assert tree.read("x") is None
        assert tree.read("a/b/c") is None


def test_links_folders_pipes_and_sockets_are_no_files(root: Path, tmp_path: Path) -> None:
    (root / "link").symlink_to(tmp_path / "outside" / "canary")
    (root / "dangling").symlink_to("nowhere")
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(root / "door"))
        for path in ("link", "dangling", "folder", "pipe", "door"):
            assert code(root, path) == "not_regular"


def test_a_link_or_a_file_on_the_way_is_not_entered(root: Path, tmp_path: Path) -> None:
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "in").symlink_to("real")
    (root / "real").mkdir()
    (root / "real" / "x").write_text("x")
    (root / "file").write_text("x")
    assert code(root, "out/canary") == "not_regular"
    assert code(root, "in/x") == "not_regular"
    assert code(root, "out/new/deep") == "not_regular"
    assert code(root, "file/x") == "not_regular"


def test_a_file_with_two_names_or_a_special_mode_is_refused(root: Path, tmp_path: Path) -> None:
    os.link(tmp_path / "outside" / "canary", root / "twin")
    assert code(root, "twin") == "hard_link"
    (root / "su").write_text("x")
    (root / "su").chmod(0o4755)
    assert code(root, "su") == "mode"


def test_a_file_over_the_limit_is_refused_before_it_fills_memory(root: Path) -> None:
    with (root / "big").open("wb") as big:
        big.truncate(FILE_BYTES * 1000)  # a hole, which takes no room
    assert code(root, "big") == "too_large"


def test_a_link_to_the_root_is_followed_and_a_root_must_be_a_folder(root: Path) -> None:
    (root / "x").write_text("x")
    link = root.parent / "link"
    link.symlink_to(root)
    with Tree(link) as tree:
        assert tree.root == str(root)
        assert tree.read(f"{root}/x") == File(b"x", PLAIN)
    for wrong in (root / "x", root / "none"):
        with pytest.raises(NoSuch, match="cannot open the root"):
            Tree(wrong)


def test_the_folders_that_are_missing_are_named_from_the_outermost(root: Path) -> None:
    (root / "a").mkdir()
    with Tree(root) as tree:
        assert tree.missing("x") == []
        assert tree.missing("a/x") == []
        assert tree.missing("a/b/c/x") == ["a/b", "a/b/c"]
        assert tree.missing("n/m/x") == ["n", "n/m"]


def test_no_descriptor_is_left_open(root: Path) -> None:
    (root / "out").symlink_to("nowhere")
    before = len(list(Path("/dev/fd").iterdir()))
    with Tree(root) as tree:
        for path in ("x", "a/b", "out", "out/x", "../x"):
            try:
                tree.read(path)
            except Refused:
                continue
    assert len(list(Path("/dev/fd").iterdir())) == before
