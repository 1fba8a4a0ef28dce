"""What the code may not do, wherever in it, and what every file of it has."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "ghostbot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")])
LINES_MAX = 400
FUNCTION_MAX = 40

# Longer than a screen, and why that is better than cutting it.
LONG_FILES = {"ghostbot/core/daemon.py": "the whole law of a daemon's life, read as one table"}
LONG_FUNCTIONS = {"ghostbot/core/daemon.py:_turn": "one match: a case for each event and state"}

# Where everything is caught and not raised again, and what edge that is.
CATCHERS = {
    "ghostbot/guards/executor.py:_do": "a task that fails is told to whoever handed it over",
    "ghostbot/keep.py:keep": "the edge of every long task",
    "ghostbot/ghost.py:_carry_out": "an order that fails is told to whoever waits for it",
    "ghostbot/reload.py:_carry_out": "a reload that fails is told to whoever waits for it",
    "ghostbot/patches/works.py:_work": "a patch that fails in an unknown way ends; others go on",
    "ghostbot/patches/works.py:run": "what a thread raises is raised where it is waited for",
    "ghostbot/slack/work.py:_do": "whoever asked is told",
    "ghostbot/slack/work.py:_apologise": "nobody is left to tell",
    "ghostbot/web/answers.py:in_one_shape": "a request is answered with an id of the log",
}

# Tasks outside a TaskGroup, and who ends them.
LONE_TASKS = {
    "ghostbot/watch.py:changes": "ends with each round of watching, which no group can span",
    "ghostbot/life.py:_until_told": "two that end with the wait for the first of them",
    "ghostbot/playground/errands.py:start": "kept in a set, and ended with the playground",
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def places(kind: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    """Give each node of a kind, with file:function, the innermost one, that it stands in."""
    for path in FILES:
        yield from inside(tree_of(path), f"{name_of(path)}:", name_of(path), kind)


def inside(
    node: ast.AST, place: str, file: str, kind: type[ast.AST]
) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        at = place
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            at = f"{file}:{child.name}"
        if isinstance(child, kind):
            yield at, child
        yield from inside(child, at, file, kind)


def calls(pattern: str) -> set[str]:
    """Return where something is called whose name, as it is written, matches."""
    return {
        at
        for at, node in places(ast.Call)
        if isinstance(node, ast.Call) and re.fullmatch(pattern, ast.unparse(node.func))
    }


def test_the_contracts_between_modules_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_layers_that_people_read_are_those_that_are_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = [
        contract["layers"]
        for contract in contracts["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    checked = [
        {m.strip().removeprefix("ghostbot.") for m in line.split("|") if "(" not in m}
        for line in layers
    ]
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    part = page.split("<!-- layers: begin -->")[1].split("<!-- layers: end -->")[0]
    written = [set(re.findall(r"`([^`]+)`", line)) for line in part.strip().splitlines()]
    assert written == [line for line in checked if line]


def test_every_module_stands_in_a_layer() -> None:
    config = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for path in (ROOT / "ghostbot").iterdir():
        if path.suffix == ".py" and path.stem != "__init__":
            assert f"ghostbot.{path.stem}" in config, f"{path.name} stands in no layer"
        elif path.is_dir() and (path / "__init__.py").exists():
            assert f"ghostbot.{path.name}" in config, f"{path.name}/ stands in no layer"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_module_opens_with_a_sentence_and_stays_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    doc = ast.get_docstring(ast.parse(text))
    assert doc, "no docstring: say in one sentence what the module is for"
    first = doc.split("\n\n", 1)[0]
    assert first[-1] in ".:", f"no sentence: {first}"
    lines = len(text.splitlines())
    assert lines <= LINES_MAX or name_of(path) in LONG_FILES, f"{lines} lines"
    for function in functions(ast.parse(text)):
        assert function.end_lineno is not None, "the parser knows where it ends"
        length = function.end_lineno - function.lineno + 1
        at = f"{name_of(path)}:{function.name}"
        assert length <= FUNCTION_MAX or at in LONG_FUNCTIONS, f"{at} has {length} lines"


def test_what_is_excused_for_its_length_is_long() -> None:
    for name in LONG_FILES:
        assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) > LINES_MAX
    for at in LONG_FUNCTIONS:
        name, wanted = at.split(":")
        (one,) = [f for f in functions(tree_of(ROOT / name)) if f.name == wanted]
        assert one.end_lineno is not None
        assert one.end_lineno - one.lineno + 1 > FUNCTION_MAX


def test_every_task_is_born_in_a_group_or_named_here() -> None:
    assert calls(r"asyncio\.(create_task|ensure_future)|.*loop.*\.create_task") == set(LONE_TASKS)


def test_everything_is_caught_only_at_the_edges_named_here() -> None:
    caught = {
        at
        for at, node in places(ast.ExceptHandler)
        if isinstance(node, ast.ExceptHandler)
        and ast.unparse(node.body[-1]) != "raise"
        and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
    }
    assert caught == set(CATCHERS)


def test_nothing_blocks_the_loop_by_sleeping() -> None:
    assert all(at.startswith("ghostbot/cli/") for at in calls(r"(time\.)?sleep"))


def test_daemons_are_started_in_one_way_only() -> None:
    assert not calls(r".*create_subprocess_(exec|shell)|os\.(system|popen|fork)|.*getoutput")
    for at, node in places(ast.keyword):
        assert isinstance(node, ast.keyword)
        assert node.arg != "preexec_fn", at
        assert node.arg != "shell" or ast.unparse(node.value) == "False", at


def test_no_note_of_unfinished_work_stands_in_the_code() -> None:
    for path in FILES:
        assert not re.search(r"#.*\b(TODO|FIXME|XXX|HACK)\b", path.read_text(encoding="utf-8"))
