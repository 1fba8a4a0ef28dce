"""What a root's owner lets patches do, and how many must say yes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ghostbot.config.model import Config, GhostTable, RootTable
from ghostbot.core.patch import EXECUTABLE, Change, Op, Plan, Refused
from ghostbot.core.proposal import Submitter, Way
from ghostbot.patches import policy
from ghostbot.patches.planning import planned
from ghostbot.store.proposals import Asked
from tests.fakes.plans import change, plan

GPT = Submitter(id="webhook:gpt", name="gpt", way=Way.WEBHOOK, is_agent=True)
ALICE = Submitter(id="U1", name="alice", way=Way.SLACK)
GHOST = Submitter(id="ghost", name="Ghost", way=Way.GHOST)


@pytest.fixture
def root(tmp_path: Path) -> RootTable:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("old\n")
    (tmp_path / "Makefile").write_text("all:\n")
    return RootTable(name="app", path=tmp_path)


def one(
    root: RootTable, path: str = "src/a.py", new: bytes | None = b"new\n", **how: object
) -> Plan:
    return plan(change(root.path, path, new, **how))  # type: ignore[arg-type]


def noted(root: RootTable, *notes: str) -> Plan:
    asked = one(root)
    return replace(asked, changes=(replace(asked.changes[0], notes=notes),))


def test_an_exact_change_of_a_plain_file_takes_one(root: RootTable) -> None:
    verdict = policy.judged(one(root), root, ALICE)
    assert verdict == policy.Verdict(risk=(), needs=1, auto=False)


RISKY = {
    "Makefile": "path:makefile",
    ".github/workflows/ci.yml": "path:.github/",
    "src/conftest.py": "path:conftest.py",
    "web/package-lock.json": "path:*-lock.json",
    "AGENTS.md": "path:agents.md",
    "sub/.claude/settings.json": "path:.claude/",
    "tox.ini": "path:tox.ini",
}


@pytest.mark.parametrize(("path", "word"), RISKY.items(), ids=RISKY)
def test_what_runs_builds_or_instructs_takes_two(root: RootTable, path: str, word: str) -> None:
    verdict = policy.judged(one(root, path), root, ALICE)
    assert verdict.risk == (word,)
    assert verdict.needs == 2
    assert verdict.is_risky


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        (("sh", "./ops/verify.sh"), "ops/verify.sh"),
        (("{root}/ops/verify",), "ops/verify"),
        (("python", "-m", "ops.verify", "--fast"), "ops/verify.py"),
        (("python", "-m", "ops.verify"), "ops/verify/__main__.py"),
        (("sh", "-c", "cd . && ops/verify.sh"), "ops/verify.sh"),
        (("pytest", "-c", "ops/x.ini"), "ops/x.ini"),
    ],
)
def test_a_file_that_defines_the_checks_takes_two(
    root: RootTable, argv: tuple[str, ...], path: str
) -> None:
    asked = one(root, path)
    assert policy.judged(asked, root, ALICE).needs == 1
    said = tuple(word.replace("{root}", str(root.path)) for word in argv)
    ruled = replace(root, verify=(said,))
    verdict = policy.judged(asked, ruled, ALICE)
    assert verdict.risk == (f"path:{path}",)
    assert verdict.needs == 2


def test_much_at_once_and_deleted_tests_take_two_and_a_deletion_one(root: RootTable) -> None:
    (root.path / "test_a.py").write_text("x")
    assert policy.judged(one(root, "test_a.py", None), root, ALICE).needs == 2
    gone = policy.judged(one(root, "src/a.py", None), root, ALICE)
    assert gone.risk == ("delete",)
    assert gone.needs == 1
    assert policy.judged(one(root, "big", b"x\n" * 301), root, ALICE).needs == 2
    many = plan(*(change(root.path, f"n{n}", b"x") for n in range(11)))
    assert policy.judged(many, root, ALICE).risk == ("files:11",)


def test_a_root_may_ask_for_more_and_never_for_none(root: RootTable) -> None:
    strict = replace(root, approvals=3, approvals_risky=1)
    assert policy.judged(one(root), strict, ALICE).needs == 3
    assert policy.judged(one(root, "Makefile"), strict, ALICE).needs == 3
    lax = replace(root, approvals=0, approvals_risky=0)
    assert policy.judged(one(root), lax, ALICE).needs == 1


def test_more_files_than_may_be_are_refused(root: RootTable) -> None:
    many = plan(*(change(root.path, f"n{n}", b"x") for n in range(51)))
    with pytest.raises(Refused) as refused:
        policy.judged(many, root, ALICE)
    assert refused.value.code == "too_many"


@pytest.mark.parametrize("path", ["Makefile", "src", "srcs/a.py", "lib/src/a.py", "SRC/a.py"])
def test_what_is_not_allowed_is_refused(root: RootTable, path: str) -> None:
    with pytest.raises(Refused) as refused:
        policy.judged(one(root, path), replace(root, allow=("src/**",)), ALICE)
    assert refused.value.code == "protected_path"
    assert "allow src/** alone" in refused.value.words


@pytest.mark.parametrize("form", ["path", "source"])
def test_protected_paths_are_refused_wherever_a_plan_names_them(root: RootTable, form: str) -> None:
    asked = one(root, "src/b.py", b"x") if form == "path" else None
    if asked is None:
        asked = plan(change(root.path, "moved", b"old\n", source="src/a.py"))
    with pytest.raises(Refused) as refused:
        policy.judged(asked, replace(root, protect=("SRC/",)), ALICE)
    assert refused.value.code == "protected_path"


def test_only_the_settings_open_secrets_and_then_it_takes_two(root: RootTable) -> None:
    asked = one(root, ".env.example")
    with pytest.raises(Refused):
        policy.judged(asked, root, ALICE)
    opened = replace(root, override=(".env.example",))
    assert policy.judged(asked, opened, ALICE).needs == 1
    with pytest.raises(Refused):
        policy.judged(one(root, ".env"), opened, ALICE)


def test_ghosts_own_places_are_never_open(root: RootTable, tmp_path: Path) -> None:
    config = Config(
        path=tmp_path / "ops" / "house.toml",
        ghost=GhostTable(name="h", state_dir=tmp_path / "state"),
        daemons={},
    )
    own = policy.own_of(config)
    for path in ("ops/house.toml", "ops/.env", "state/ghost.db", "STATE/x"):
        with pytest.raises(Refused) as refused:
            policy.judged(one(root, path), replace(root, override=("**",)), ALICE, own=own)
        assert refused.value.code == "protected_path", path


def test_the_way_back_takes_one(root: RootTable) -> None:
    back = replace(one(root, "Makefile"), format="revert")
    assert policy.judged(back, root, GHOST).needs == 1
    assert policy.judged(back, root, ALICE).needs == 2


# Without a person.


@pytest.fixture
def alone(root: RootTable) -> RootTable:
    return replace(root, auto="exact", allow=("src/**",), auto_from=("gpt",))


def test_what_is_exact_small_allowed_and_of_a_named_source_goes_alone(alone: RootTable) -> None:
    assert policy.judged(one(alone), alone, GPT).auto
    named = replace(alone, auto_from=("webhook:gpt",))
    assert policy.judged(one(alone), named, GPT).auto


@pytest.mark.parametrize(
    "how",
    [
        {"auto": None},
        {"allow": ()},
        {"auto_from": ()},
        {"auto_from": ("GPT", "gpt2", "", "webhook:")},
    ],
)
def test_nothing_goes_alone_where_the_settings_do_not_say_all_of_it(
    alone: RootTable, how: dict[str, object]
) -> None:
    changed = replace(alone, **how)  # type: ignore[arg-type]
    assert not policy.judged(one(alone), changed, GPT).auto


@pytest.mark.parametrize("who", ["gpt", "U1", "local:gpt", "B1:gpt", "ghost", "webhook:", ""])
def test_nobody_else_goes_alone_whatever_they_are_called(alone: RootTable, who: str) -> None:
    submitter = Submitter(id=who, name="gpt", way=Way.WEBHOOK)
    assert not policy.judged(one(alone), replace(alone, auto_from=("gpt", who)), submitter).auto


NOTES = [
    *("unanchored", "recounted", "overwrite", "already", "matches:3", "offset", "trailing"),
    *("indent", "punctuation", "regex", "anything that comes later"),
]


@pytest.mark.parametrize("note", NOTES)
def test_whatever_was_noted_takes_a_person(alone: RootTable, note: str) -> None:
    assert not policy.judged(noted(alone, note), alone, GPT).auto


def test_what_vanishes_moves_or_gets_a_mode_takes_a_person(alone: RootTable) -> None:
    plans = [
        one(alone, new=None),
        plan(change(alone.path, "src/b.py", b"old\n", source="src/a.py")),
        one(alone, new=b"old\n", mode=EXECUTABLE),
        one(alone, mode=EXECUTABLE),
        replace(one(alone), skipped=("shell: rm",)),
        one(alone, "src/big", b"x\n" * 101),
        plan(*(change(alone.path, f"src/{n}", b"x") for n in range(6))),
        one(alone, "src/Makefile"),
    ]
    for asked in plans:
        assert not policy.judged(asked, alone, GPT).auto, asked.changes[0].op


def test_a_fresh_file_that_runs_takes_a_person(alone: RootTable) -> None:
    fresh = Change(
        path="src/run", op=Op.ADD, base=None, base_mode=None, new=b"x", new_mode=EXECUTABLE
    )
    assert not policy.judged(plan(fresh), alone, GPT).auto


@pytest.mark.parametrize(
    "text",
    [
        "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-olt\n+new\n",
        '{"command": "str_replace", "path": "src/a.py", "old_str": "x", "new_str": "y"}',
        "*** Begin Patch\n*** Delete File: src/none.py\n*** End Patch\n",
        "*** Begin Patch\n*** Update File: docs/a.md\n*** Move to: src/b\n@@\n-a\n*** End Patch\n",
    ],
)
def test_a_source_learns_nothing_of_files_that_it_may_not_change(
    root: RootTable, text: str
) -> None:
    (root.path / "src" / "a.py").write_text("old and secret\n")
    (root.path / "docs").mkdir()
    (root.path / "docs" / "a.md").write_text("a\n")
    asked = Asked(text=text.encode(), paths=("docs/**",))
    config = Config(
        path=root.path.parent / "ghost.toml",
        ghost=GhostTable(name="h", state_dir=root.path.parent / "state"),
        daemons={},
    )
    with pytest.raises(Refused) as refused:
        planned(asked, root, GPT, config)
    assert refused.value.code == "protected_path"
    assert "who sent it may change docs/** alone" in refused.value.words
    assert "secret" not in refused.value.words


# What an approval binds.


@pytest.mark.parametrize(
    "how",
    [
        {"verify": (("true",),)},
        {"verify_live": True},
        {"verify_timeout_s": 1.0},
        {"verify_link": ("x",)},
        {"restart": ("web",)},
        {"commit": True},
        {"allow": ("x",)},
        {"protect": ("x",)},
        {"override": ("x",)},
        {"approvals": 2},
        {"approvals_risky": 3},
        {"approve_in": "any"},
        {"auto": "exact"},
        {"auto_from": ("other",)},
        {"path": Path("/elsewhere")},
    ],
)
def test_other_checks_or_rules_make_another_digest(root: RootTable, how: dict[str, object]) -> None:
    asked = one(root)
    changed = replace(root, **how)  # type: ignore[arg-type]
    assert asked.digest(policy.identity(root)) == asked.digest(policy.identity(replace(root)))
    assert asked.digest(policy.identity(root)) != asked.digest(policy.identity(changed))
