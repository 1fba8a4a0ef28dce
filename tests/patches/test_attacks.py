"""Whoever works against a patch while it is carried out changes nothing that is not theirs."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ghostbot.config.model import RootTable
from ghostbot.core.patch import Plan, Refused
from ghostbot.core.proposal import CheckLine, Status
from ghostbot.patches.carrying import Carried, Means, carry_out
from ghostbot.patches.compile import compile_patch
from ghostbot.patches.recover import recover
from ghostbot.patches.tree import Tree
from tests.fakes.plans import change, house, look, plan

ALIVE = b"alive\n"
DEAD = CheckLine(name="restart web", ok=False, took_s=0.0, said="web did not start")


@pytest.fixture
def root(tmp_path: Path) -> RootTable:
    """A root, and a folder beside it that looks alike, full of canaries."""
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    for folder in (root / "sub", tmp_path / "outside"):
        for name in ("a", "b", "c"):
            (folder / name).write_bytes(ALIVE)
    return RootTable(name="app", path=root)


def carry(asked: Plan, root: RootTable, patch: str = "p1", **how: object) -> Carried:
    means = Means(**how)  # type: ignore[arg-type]
    return carry_out(asked, root, root.path.parent / "state", patch, means=means)


def several(root: RootTable) -> Plan:
    return plan(
        change(root.path, "sub/a", b"evil\n"),
        change(root.path, "sub/b", None),
        change(root.path, "sub/fresh", b"evil\n"),
        change(root.path, "sub/moved", b"evil\n", source="sub/c"),
    )


@contextmanager
def meanwhile(do: Callable[[], None]) -> Iterator[None]:
    """Do something over and over, as fast as it goes."""
    stop = threading.Event()

    def over_and_over() -> None:
        while not stop.is_set():
            with suppress(OSError):
                do()

    worker = threading.Thread(target=over_and_over)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def test_a_folder_that_turns_into_a_link_and_back_all_the_time_leads_nowhere(
    root: RootTable,
) -> None:
    asked = several(root)
    sub, aside = root.path / "sub", root.path / "aside"
    outside = root.path.parent / "outside"
    before = look(outside)

    def swap() -> None:
        sub.rename(aside)
        try:
            sub.symlink_to(outside)
            sub.unlink()
        finally:
            aside.rename(sub)

    ends = set()
    with meanwhile(swap):
        for number in range(60):
            carried = carry(asked, root, f"p{number}", live=lambda: (DEAD,))
            ends.add(carried.status)
            assert look(outside) == before, carried
            if carried.status is Status.APPLIED:
                break
    recover(root.path.parent / "state")
    assert look(outside) == before
    assert Status.NOOP not in ends


def test_a_file_that_turns_into_a_link_and_back_all_the_time_leads_nowhere(
    root: RootTable,
) -> None:
    asked = plan(change(root.path, "sub/a", b"evil\n"), change(root.path, "sub/b", None))
    outside = root.path.parent / "outside"
    before = look(outside)

    def swap() -> None:
        for name in ("a", "b"):
            link = root.path / "link"
            link.symlink_to(outside / name)
            link.rename(root.path / "sub" / name)
            (root.path / "plain").write_bytes(ALIVE)
            (root.path / "plain").rename(root.path / "sub" / name)

    with meanwhile(swap):
        for number in range(60):
            carry(asked, replace(root, restart=("web",)), f"p{number}", live=lambda: (DEAD,))
            assert look(outside) == before


def test_a_second_name_that_appears_meanwhile_keeps_its_bytes(root: RootTable) -> None:
    asked = several(root)
    twin = root.path.parent / "outside" / "twin"

    def link(_: Status) -> None:
        os.link(root.path / "sub" / "a", twin)

    carried = carry(asked, root, moved=link)
    assert carried.status is Status.APPLIED, carried
    assert twin.read_bytes() == ALIVE
    assert twin.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("what", ["folder", "link", "pipe", "file"])
def test_what_stands_in_the_way_of_a_new_file_stays(root: RootTable, what: str) -> None:
    asked = several(root)
    place = root.path / "sub" / "fresh"
    outside = root.path.parent / "outside"
    before = look(outside)

    def appear(turn: Status) -> None:
        if turn is not Status.APPLYING:
            return
        {
            "folder": place.mkdir,
            "link": lambda: place.symlink_to(outside / "new"),
            "pipe": lambda: os.mkfifo(place),
            "file": place.touch,
        }[what]()

    carried = carry(asked, root, moved=appear)
    assert carried.status in {Status.SUPERSEDED, Status.ROLLED_BACK}, carried
    assert os.path.lexists(place)
    assert (root.path / "sub" / "a").read_bytes() == ALIVE
    assert (root.path / "sub" / "b").read_bytes() == ALIVE
    assert look(outside) == before
    assert sorted(path.name for path in (root.path / "sub").iterdir()) == ["a", "b", "c", "fresh"]


def test_a_staged_file_that_is_somebodys_already_stops_it(root: RootTable) -> None:
    asked = plan(change(root.path, "sub/a", b"evil\n"))
    canary = root.path.parent / "outside" / "a"
    for make in (lambda at: at.symlink_to(canary), lambda at: os.link(canary, at)):
        for number in range(2):
            with suppress(FileExistsError):
                make(root.path / "sub" / f".ghost-p1-{number}.tmp")
        carried = carry(asked, root)
        assert carried.status is Status.ROLLED_BACK, carried
        assert canary.read_bytes() == ALIVE
        assert (root.path / "sub" / "a").read_bytes() == ALIVE
        for path in (root.path.parent / "state" / "patches" / "journals").iterdir():
            for file in path.iterdir():
                file.unlink()
            path.rmdir()


# What a patch becomes too big for.


def test_a_patch_that_blows_a_file_up_can_be_taken_back(root: RootTable) -> None:
    (root.path / "big").write_bytes(b"x" * (4 * 1024 * 1024) + b"\n")
    wide = "y" * (800 * 1024)
    patch = f"--- a/big\n+++ b/big\n@@ -1,0 +2,2 @@\n+{wide}\n+{wide[:200]}\n"
    with Tree(root.path) as tree:
        asked = compile_patch(patch.encode(), root="app", files=tree)
    before = look(root.path)
    carried = carry(asked, replace(root, restart=("web",)), live=lambda: (DEAD,))
    assert carried.left == (DEAD.said,)
    assert look(root.path) == before


def test_a_file_that_nobody_could_take_back_is_not_planned(root: RootTable) -> None:
    (root.path / "many").write_bytes(b"a, which is more\n" * 10_000)
    asked = (
        '{"target_file": "many", "mode": "regex", "patch": {"pattern": "a", "count": 10000,'
        f' "replacement": "{"b" * 600}"}}}}'
    )
    with Tree(root.path) as tree, pytest.raises(Refused) as refused:
        compile_patch(asked.encode(), root="app", files=tree)
    assert refused.value.code in {"too_large", "regex_dangerous"}, refused.value


# Checks, which are programs on what an agent wrote.


def checked(root: RootTable, code: str) -> Carried:
    """Carry a plan out with one check, and see that nothing of the copy stays."""
    asked = house(root.path)
    verify = ((sys.executable, "-c", code),)
    carried = carry(asked, replace(root, verify=verify, verify_timeout_s=20.0))
    scratch = root.path.parent / "state" / "patches" / "scratch"
    assert list(scratch.iterdir()) == []
    return carried


COPY = "import os, pathlib; here = pathlib.Path.cwd(); copy = here.name == 'tree'; "


@pytest.mark.parametrize(
    "code",
    [
        f"{COPY}[(os.mkdir('d'), os.chdir('d')) for n in range(2500 * copy)]",
        f"{COPY}copy and (os.mkdir('x'), open('x/y', 'w'), os.chmod('x', 0))",
        f"{COPY}copy and [open(f'f{{n}}', 'w').close() for n in range(3000)]",
        f"{COPY}copy and open(b'\\xff\\n', 'w')",
        f"{COPY}copy and os.mkfifo('pipe')",
        f"{COPY}copy and os.symlink({{outside!r}}, 'way-out')",
    ],
    ids=["deep folders", "closed folders", "many files", "odd names", "pipes", "links"],
)
def test_whatever_a_check_leaves_in_the_copy_is_removed(root: RootTable, code: str) -> None:
    outside = root.path.parent / "outside"
    before = look(outside)
    carried = checked(root, code.replace("{outside!r}", repr(str(outside))))
    assert carried.status is Status.APPLIED, carried
    assert look(outside) == before


def test_a_copy_that_a_check_puts_a_link_in_place_of_takes_nothing_along(root: RootTable) -> None:
    outside = root.path.parent / "outside"
    before = look(outside)
    carried = checked(
        root, f"{COPY}copy and (here.rename('../gone'), here.symlink_to({str(outside)!r}))"
    )
    assert carried.status in {Status.APPLIED, Status.FAILED}
    assert look(outside) == before


def test_a_check_that_hides_the_tree_while_it_is_tried_in_place_needs_a_person(
    root: RootTable,
) -> None:
    code = f"{COPY}copy or os.rename('../root', '../elsewhere')"
    carried = checked(root, code)
    elsewhere = root.path.parent / "elsewhere"
    assert carried.status is Status.ROLLED_BACK or carried.left, carried
    assert (elsewhere / "src" / "app.py").read_bytes() == b"print('old')\n"
