"""Which paths a patch may name: pure rules about names, before anything looks at a disk.

Rule 1: a path is refused or taken, never repaired: what is shown is what is written.
Rule 2: names are judged without regard to case, or to how a letter is put together, as some
        disks read them so.
Rule 3: what is Ghost's own, or git's, no option opens.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

from ghostbot.core.patch import Place, Refused
from ghostbot.patches.globs import covering

PATH_BYTES = 1024
NAME_BYTES = 255  # NAME_MAX of Linux's file systems
DEPTH = 32

# Controls, and what is drawn as nothing or turns letters around.
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# They choose how a sign is drawn, and disks that fold names drop them; so HFS+ does with others.
VARIANTS = re.compile("[\ufe00-\ufe0f]")
DRIVE = re.compile(r"[A-Za-z]:")
GIT = re.compile(r"\.git|git~\d+")  # the second is its short name on NTFS and FAT

GHOSTS_FOLDER, GHOSTS_FILE = ".ghost", "ghost.toml"
STAGED = re.compile(r"\.ghost-[a-z0-9-]+-\d+(\.old)?\.tmp")  # names of files on their way in

SECRET_NAMES = (".env*", "*.pem", ".npmrc", ".netrc")
SECRET_FOLDERS = (".ssh",)
KEY = re.compile(r"id_[^.]+(\.pub)?")  # id_ed25519, and not id_map.py

RISKY_NAMES = (
    *(".gitlab-ci*", "jenkinsfile", ".pre-commit-config*", "dockerfile*", "makefile"),
    *("pyproject.toml", "setup.*", "requirements*", "package.json", "conftest.py"),
    *("pytest.ini", "tox.ini", "noxfile.py", "justfile", "jest.config.*", "vitest.config.*"),
    *(
        "*.pth",
        "sitecustomize.py",
        "usercustomize.py",
        ".gitattributes",
        "agents.md",
        "claude.md",
        "gemini.md",
        ".cursorrules",
        ".windsurfrules",
        ".mcp.json",
        "codeowners",
        ".gitmodules",
    ),
    *("gnumakefile", "*.mk", "cmakelists.txt", "containerfile*", "compose.y*ml", "procfile"),
    *("docker-compose*", "taskfile.y*ml", "rakefile", "gemfile", "pom.xml", "*.gradle*"),
    *("cargo.toml", "build.rs", "go.mod", "composer.json", ".yarnrc*", ".pnpmfile.cjs"),
    *("*.lock", "*.lockb", "*-lock.json", "*-lock.yaml", "npm-shrinkwrap.json", "go.sum"),
)
RISKY_FOLDERS = (
    *(".github", ".claude", ".codex", ".cursor", ".agents", ".ci", ".circleci", ".husky"),
    *(".hg", ".svn", ".jj", ".vscode", ".idea", ".devcontainer", ".gemini", ".githooks"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the owner of a root says about its paths, in globs as `globs.py` reads them."""

    allow: tuple[str, ...] = ()  # all that may be patched; none is everything
    only: tuple[str, ...] = ()  # all that who sent it may see and change; none is everything
    override: tuple[str, ...] = ()  # protected paths that may be patched all the same
    protect: tuple[str, ...] = ()  # further ones that may not
    own: tuple[str, ...] = ()  # absolute paths of Ghost's state, config and secrets
    checks: tuple[str, ...] = ()  # files that define what verifies a patch: risky


NO_RULES = Rules()


def checked(path: str, root: str, rules: Rules = NO_RULES) -> str:
    """Return `path` as seen from `root`, which is a real path. Raises Refused."""
    _spelling(path)
    name = _below(path, root) if path.startswith("/") else path.removeprefix("./")
    parts = name.split("/")
    if ".." in parts:
        raise _refused("outside_root", path, "it has a part `..`")
    if "" in parts or "." in parts:
        raise _refused("bad_path", path, "a part of it is empty or a dot")
    if len(parts) > DEPTH:
        raise _refused("bad_path", path, f"it has over {DEPTH} parts")
    for part in parts:
        _part(part, path)
    _ghosts(name, parts, root, rules.own)
    if rules.allow and covering(name, rules.allow) is None:
        why = f"the root's settings allow {', '.join(rules.allow)} alone"
        raise _refused("protected_path", path, why)
    if rules.only and covering(name, rules.only) is None:
        why = f"who sent it may change {', '.join(rules.only)} alone"
        raise _refused("protected_path", path, why)
    if (rule := protected_by(name, rules)) is not None:
        why = f"{rule} is protected; only the root's settings open it"
        raise _refused("protected_path", path, why)
    return name


def folded(name: str) -> str:
    """Return a name as those disks compare it that tell few names apart: ext4's +F, APFS, NTFS."""
    if name.isascii():
        return name.casefold()
    bare = unicodedata.normalize("NFD", VARIANTS.sub("", name)).casefold()
    return unicodedata.normalize("NFD", bare)


def protected_by(path: str, rules: Rules = NO_RULES) -> str | None:
    """Return the rule by which a path is one of secrets, or None."""
    if covering(path, rules.override) is not None:
        return None
    *folders, leaf = folded(path).split("/")
    if KEY.fullmatch(leaf):
        return "id_*"
    found = _first(leaf, SECRET_NAMES) or _first_part(folders, SECRET_FOLDERS, leaf)
    forms = dict.fromkeys((path, unicodedata.normalize("NFC", path), folded(path)))
    closed = (covering(form, rules.protect, wide=True) for form in forms)
    return found or next((rule for rule in closed if rule is not None), None)


def risky_by(path: str, rules: Rules = NO_RULES) -> str | None:
    """Return the rule by which a change of a path is a risk: what runs, builds or instructs."""
    *folders, leaf = folded(path).split("/")
    found = _first(leaf, RISKY_NAMES) or _first_part(folders, RISKY_FOLDERS)
    return found or (path if folded(path) in map(folded, rules.checks) else None)


def overlapping(paths: Iterable[str]) -> tuple[str, str] | None:
    """Return two paths that are one, case aside, or of which one lies in the other; or None."""
    names = sorted((tuple(folded(path).split("/")), path) for path in paths)
    for (above, first), (below, second) in pairwise(names):
        if below[: len(above)] == above:
            return first, second
    return None


def _spelling(path: str) -> None:
    try:
        size = len(os.fsencode(path))
    except UnicodeEncodeError:
        raise _refused("bad_path", path, "it is no text") from None
    if found := HIDDEN.search(path):
        raise _refused("bad_path", path, f"it holds the character U+{ord(found[0]):04X}")
    if "\\" in path or DRIVE.match(path) or path.startswith("~"):
        raise _refused("bad_path", path, "write it with slashes, as seen from the root")
    if not path or size > PATH_BYTES:
        raise _refused("bad_path", path, f"it has {size} bytes, of 1 to {PATH_BYTES}")


def _below(path: str, root: str) -> str:
    """Take the root off an absolute path, part by part: /srv/app2 is not in /srv/app."""
    start = root if root.endswith("/") else f"{root}/"
    if path == root:
        raise _refused("bad_path", path, "it is the root itself")
    if not path.startswith(start):
        raise _refused("outside_root", path, f"it is not in {root}")
    return path[len(start) :]


def _part(part: str, path: str) -> None:
    bare = folded(part).rstrip(". ")
    if GIT.fullmatch(bare.split(":", 1)[0]):
        raise _refused("protected_path", path, "it leads into git's own folder")
    if part != part.rstrip(". "):
        raise _refused("bad_path", path, "a part of it ends in a dot or a space")
    if len(os.fsencode(part)) > NAME_BYTES:
        raise _refused("bad_path", path, f"a part of it has over {NAME_BYTES} bytes")


def _ghosts(name: str, parts: list[str], root: str, own: Collection[str]) -> None:
    low = [folded(part) for part in parts]
    mine = GHOSTS_FOLDER in low or low[-1] == GHOSTS_FILE or STAGED.fullmatch(low[-1])
    whole = folded(f"{root.rstrip('/')}/{name}/")
    if mine or any(whole.startswith(folded(f"{place}/")) for place in own):
        raise _refused("protected_path", name, "it is Ghost's own")


def _first(name: str, globs: Iterable[str]) -> str | None:
    return next((glob for glob in globs if fnmatchcase(name, glob)), None)


def _first_part(folders: Iterable[str], named: Collection[str], leaf: str = "") -> str | None:
    return next((f"{part}/" for part in (*folders, leaf) if part in named), None)


def _refused(code: str, path: str, why: str) -> Refused:
    return Refused(code, f"cannot patch {path[:200]!r}: {why}", Place(path=path))
