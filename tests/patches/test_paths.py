"""Which names a patch may touch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostbot.core.patch import Refused
from ghostbot.patches.paths import Rules, checked, overlapping, protected_by, risky_by

ROOT = "/srv/app"

TAKEN = {
    "greet.py": "greet.py",
    "./greet.py": "greet.py",
    "a/b/c.txt": "a/b/c.txt",
    "/srv/app/a/b": "a/b",
    ".gitignore": ".gitignore",
    "a b/ü.txt": "a b/ü.txt",
    "a/...b": "a/...b",
    "git/~x": "git/~x",
    "-rf": "-rf",
    "x" * 255: "x" * 255,
    "/".join("d" * 32): "/".join("d" * 32),
    "a\udcff.txt": "a\udcff.txt",  # a byte that is no UTF-8, as os.fsdecode has it
}

REFUSED = {
    "bad_path": [
        *("", ".", "./", "a//b", "a/./b", "a/", ".//a", "/srv/app", "/srv/app/", "/srv/app//a"),
        *("a\0b", "a\nb", "a\x1bb", "a\x7fb", "a\x85b", "a\\b", "C:x", "c:/x", "~/x", "~root"),
        *("a.", "a /b", "...", "a/b.", "x" * 256, "ü" * 128, "/".join("d" * 33)),
        *("a/" * 600 + "b", "a\u202eb", "a\u200bb", ".g\u200cit/config", "a\ufeff", "a\ud800"),
        *(".g\xadit/config", "a\u034f.py", "a\u3164", "a\U000e0061", "a\u180b"),  # ext4's +F drops
    ],
    "outside_root": [
        *("../greet.py", "a/../b", "a/..", "..", "/etc/passwd", "/srv/app2/x", "/srv", "/"),
        *("/srv/app/../x", "/SRV/app/x", "//srv/app/x", "./../x"),
    ],
    "protected_path": [
        *(".git/config", ".GIT/hooks/x", "a/.Git/x", ".git", "git~1/x", "GIT~2/x", ".git./x"),
        *(".git /x", ".git. . /x", ".git::$INDEX_ALLOCATION/x", "/srv/app/.git/x"),
        *(".ghost/ghost.db", "a/.GHOST/x", "ghost.toml", "sub/Ghost.toml", ".ghost-p1-0.tmp"),
        *(".env", ".env.local", "a/.ENV", "x.pem", "id_rsa", "a/id_ed25519.pub", ".ssh/config"),
        *("a/.ssh/x", ".npmrc", ".netrc", ".ssh"),
        *(".g\ufe0fit/config", ".git\ufe0f/x", ".\ufe00env", ".gho\u017ft/x", "\u212aEY.PEM"),
    ],
}


@pytest.mark.parametrize("path", TAKEN)
def test_a_path_below_the_root_is_taken(path: str) -> None:
    assert checked(path, ROOT) == TAKEN[path]


@pytest.mark.parametrize(
    ("code", "path"), [(code, path) for code, paths in REFUSED.items() for path in paths], ids=repr
)
def test_every_other_path_is_refused_by_name(code: str, path: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(path, ROOT)
    assert refused.value.code == code
    assert refused.value.place.path in {path, path.removeprefix(f"{ROOT}/")}


def test_a_root_that_is_the_whole_disk_holds_absolute_paths() -> None:
    assert checked("/etc/motd", "/") == "etc/motd"


@given(st.text(st.sampled_from("./~a\\ \0:gitGIT1"), max_size=12))
def test_what_is_taken_needs_no_second_look(path: str) -> None:
    try:
        name = checked(path, ROOT)
    except Refused:
        return
    assert checked(name, ROOT) == name
    assert ".." not in name.split("/")
    assert not name.startswith("/")


def test_secrets_are_opened_by_the_roots_settings_alone() -> None:
    rules = Rules(override=("config/.env*",))
    assert checked("config/.env.test", ROOT, rules) == "config/.env.test"
    with pytest.raises(Refused):
        checked(".env", ROOT, rules)


def test_no_setting_opens_what_is_ghosts_or_gits() -> None:
    rules = Rules(override=("*",), own=("/srv/app/state", "/srv/app/secrets.env"))
    for path in (".git/x", ".ghost/x", "ghost.toml", "state/ghost.db", "STATE/x", "secrets.env"):
        with pytest.raises(Refused) as refused:
            checked(path, ROOT, rules)
        assert refused.value.code == "protected_path"
    assert checked("state2/x", ROOT, rules) == "state2/x"


def test_a_root_protects_more_than_secrets() -> None:
    assert protected_by("db/schema.sql", Rules(protect=("db/*",))) == "db/*"
    assert protected_by("app/schema.sql", Rules(protect=("db/*",))) is None


@pytest.mark.parametrize("path", ["id_map.py", "src/id_list.ts", "environ.py", "pem.py", "a.env"])
def test_names_that_only_look_like_secrets_are_free(path: str) -> None:
    assert protected_by(path) is None


@pytest.mark.parametrize(
    "path",
    [
        *(".github/workflows/x.yml", "a/.gitlab-ci.yml", "Jenkinsfile", ".pre-commit-config.yaml"),
        *("Dockerfile.dev", "sub/Makefile", "pyproject.toml", "setup.cfg", "requirements-dev.txt"),
        *("poetry.lock", "package-lock.json", "pnpm-lock.yaml", "go.sum", "package.json"),
        *("tests/conftest.py", "x.pth", "sitecustomize.py", "AGENTS.md", "CLAUDE.md"),
        *(".claude/x", ".codex/x", ".cursor/x", ".agents/x", "CODEOWNERS", "docs/CODEOWNERS"),
        *("GEMINI.md", ".mcp.json", ".vscode/tasks.json", ".devcontainer/x", ".hg/hgrc"),
        *(".gitmodules", "GNUmakefile", "x.mk", "compose.yaml", "docker-compose.yml", "Gemfile"),
        *(
            "Rakefile",
            "Containerfile",
            "pom.xml",
            "build.gradle.kts",
            "Cargo.toml",
            "build.rs",
            "go.mod",
        ),
    ],
)
def test_what_runs_builds_or_instructs_is_a_risk(path: str) -> None:
    assert risky_by(path) is not None


def test_a_file_that_defines_the_checks_is_a_risk() -> None:
    assert risky_by("ci/run.sh", Rules(checks=("ci/run.sh",))) == "ci/run.sh"
    assert risky_by("src/app.py") is None


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["a", "b"], None),
        (["a", "A"], ("A", "a")),
        (["a", "a/b"], ("a", "a/b")),
        (["a/b/c", "a-b", "A/B"], ("A/B", "a/b/c")),
        (["a", "ab/c", "a.b/c"], None),
    ],
)
def test_paths_that_are_one_or_lie_in_one_another_are_found(
    paths: list[str], found: tuple[str, str] | None
) -> None:
    assert overlapping(paths) == found


def test_a_letter_that_is_put_together_otherwise_is_the_same_letter() -> None:
    one, other = "caf\u00e9/x.py", "cafe\u0301/x.py"
    assert overlapping([one, other]) is not None
    assert protected_by(other, Rules(protect=("caf\u00e9/**",))) == "caf\u00e9/**"
    assert protected_by(one, Rules(protect=("cafe\u0301/**",))) == "cafe\u0301/**"
    assert risky_by(other, Rules(checks=(one,))) == other
    with pytest.raises(Refused) as refused:
        checked(other, ROOT, Rules(own=(f"{ROOT}/caf\u00e9",)))
    assert refused.value.code == "protected_path"
