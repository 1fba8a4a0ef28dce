"""Every patch that is known of the system before Ghost, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ghostbot.core.patch import Op, Plan, Refused
from ghostbot.patches.compile import compile_patch
from tests.fakes.patches import ROOT, Held, encoded

DATA = Path(__file__).parents[1] / "data" / "original" / "patches"
OLD_ROOT = "/home/dev/gitSync/gpt-cursor-runner"
PLANNED = ["A-01", "A-08", "A-09", "A-10", "A-11", "A-12", "A-13", "A-14", "C-01", "C-02"]
PLANNED += ["retyped/A-15", "retyped/A-16", "retyped/G-03"]
REGEXES = ["A-02", "A-03", "A-04", "A-05", "A-06", "A-07"]
REFUSED = {
    **dict.fromkeys(["B-01", "B-02", "B-03"], "prose"),
    "B-04": "shell_refused",
    **dict.fromkeys(["C-03", "C-04", "C2-01", "E-01", "E2-01", "G-01", "G-02"], "shell_refused"),
    "D-01": "instructions",
    "retyped/A-17": "duplicate_key",
    "retyped/C2-02": "shell_refused",
    "retyped/C2-03": "elided",
    "retyped/C2-04": "shell_refused",
    "retyped/C3-01": "placeholder",
    "retyped/D-02": "instructions",
}
APP = "const name = 'old';\nrun(name);\n"
TREES: dict[str, dict[str, str]] = {
    "retyped/A-16": {"src/a.ts": "one();\ndebugger;\ntwo();\n"},
    "retyped/G-03": {"src/theme.ts": "export const bg = '#ffffff';\n"},
    "retyped/C2-04": {"src/app.ts": APP, "src/unused.ts": "", "scripts/run.sh": "#!/bin/sh\n"},
    "retyped/C2-03": {"src/app.ts": APP},
}


def text_of(name: str) -> bytes:
    (path,) = DATA.glob(f"{name}*.json")
    return path.read_bytes()


def tree_for(name: str) -> Mapping[str, str]:
    """Return a root that holds the targets, with the pattern standing there once."""
    if name in TREES:
        return TREES[name]
    try:
        block = json.loads(text_of(name))
    except ValueError:
        return {}
    patch = block.get("patch")
    pattern = patch.get("pattern", "") if isinstance(patch, dict) else ""
    targets = block.get("targets") or [block.get("target_file", "none")]
    return dict.fromkeys(targets, f"// top\n{pattern}\n// end of it all\n")


def plan_of(name: str, root: str = ROOT, **options: bool) -> Plan:
    files = {
        path: "// none of it stands here\nexport of nothing\n" if name in REGEXES else text
        for path, text in tree_for(name).items()
        if not path.startswith("/")
    }
    return compile_patch(text_of(name), root="app", files=Held(files, root), **options)


def refused(name: str, root: str = ROOT, **options: bool) -> Refused:
    with pytest.raises(Refused) as caught:
        plan_of(name, root, **options)
    return caught.value


def test_each_file_has_its_answer() -> None:
    names = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.json")}
    known = [*PLANNED, *REGEXES, *REFUSED, "retyped/invalid"]
    assert not [name for name in names if not name.startswith(tuple(known))]
    assert len(names) == 42


@pytest.mark.parametrize("name", PLANNED)
def test_a_block_that_says_what_to_change_is_planned(name: str) -> None:
    plan = plan_of(name)
    assert plan.changes
    assert plan.format == "original"


@pytest.mark.parametrize("name", ["A-01", "A-09", "A-13"])
def test_only_the_pattern_is_replaced(name: str) -> None:
    patch = json.loads(text_of(name))["patch"]
    (change,) = plan_of(name).changes
    assert change.new == encoded(f"// top\n{patch['replacement']}\n// end of it all\n")


@pytest.mark.parametrize("name", REGEXES)
def test_a_regex_that_is_not_called_one_is_a_text_that_stands_nowhere(name: str) -> None:
    answer = refused(name)
    assert answer.code == "no_match"
    assert "looks like a regular expression" in answer.words


@pytest.mark.parametrize("name", ["A-02", "A-03"])
def test_a_regex_that_takes_the_whole_file_is_refused(name: str) -> None:
    block = json.loads(text_of(name))
    block["mode"] = "regex"
    files = Held({block["target_file"]: "all of it\nstays\n"})
    with pytest.raises(Refused) as caught:
        compile_patch(json.dumps(block).encode(), root="app", files=files)
    assert caught.value.code == "regex_dangerous"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_change_is_refused_by_its_name(name: str) -> None:
    assert refused(name).code == REFUSED[name]


@pytest.mark.parametrize("name", ["C-03", "C-04", "C2-01", "E-01", "E2-01"])
def test_without_its_commands_a_path_outside_is_refused(name: str) -> None:
    assert refused(name, ignore_shell=True).code == "outside_root"


@pytest.mark.parametrize(("name", "files"), [("C-03", 4), ("C-04", 5), ("E2-01", 1)])
def test_without_its_commands_it_is_planned_for_the_root_it_was_meant_for(
    name: str, files: int
) -> None:
    plan = plan_of(name, OLD_ROOT, ignore_shell=True)
    assert len(plan.changes) == files
    assert any("postMutationBuild" in key for key in plan.skipped)


def test_of_shapes_that_are_mixed_each_is_done_and_the_command_named() -> None:
    plan = plan_of("retyped/C2-04", ignore_shell=True)
    ops = {change.path: change.op for change in plan.changes}
    assert ops == {
        "scripts/run.sh": Op.MODE,
        "src/app.ts": Op.UPDATE,
        "src/extra.ts": Op.ADD,
        "src/unused.ts": Op.DELETE,
    }
    (app,) = [change.new for change in plan.changes if change.path == "src/app.ts"]
    assert app == b"const name = 'new';\nconst version = 2;\nrun(name);\n"
    assert plan.skipped == ("mutations[4].shell",)
    assert len(plan_of("retyped/C2-02", ignore_shell=True).changes) == 2


def test_a_block_for_two_files_is_done_in_both_or_in_none() -> None:
    plan = plan_of("retyped/A-15")
    assert [change.path for change in plan.changes] == ["src/a.ts", "src/b.ts"]
    assert plan.skipped == ("postMutationBuild",)
    files = Held({"src/a.ts": "foo", "src/b.ts": "none"})
    with pytest.raises(Refused):
        compile_patch(text_of("retyped/A-15"), root="app", files=files)


def test_a_common_word_is_replaced_only_where_it_stands_once() -> None:
    files = Held({"test.py": "old\nold\n"})
    with pytest.raises(Refused) as caught:
        compile_patch(text_of("A-13"), root="app", files=files)
    assert caught.value.code == "ambiguous"
    assert "lines 1, 2" in caught.value.words


@pytest.mark.parametrize(
    ("name", "place"),
    [("01", (2, 3)), ("02", None), ("03", None), ("04", None), ("05", None)],
)
def test_broken_json_is_refused_with_its_place(name: str, place: tuple[int, int] | None) -> None:
    answer = refused(f"retyped/invalid-{name}")
    assert answer.code == "invalid_json"
    assert answer.place.line
    assert answer.place.column
    assert place is None or (answer.place.line, answer.place.column) == place
