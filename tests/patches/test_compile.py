"""One change in every format, what may differ, and each refusal with its words and place."""

from __future__ import annotations

import json

import pytest

from ghostbot.core.patch import CODES, EXECUTABLE, PLAIN, Op
from ghostbot.patches.files import File
from tests.fakes.patches import planned, refusal, result

GREET = 'def greet():\n    return "hi"\n'
HELLO = b'def greet():\n    return "hello"\n'
DIFF = """--- a/greet.py
+++ b/greet.py
@@ -1,2 +1,2 @@
 def greet():
-    return "hi"
+    return "hello"
"""
V4A = """*** Begin Patch
*** Update File: greet.py
@@ def greet():
-    return "hi"
+    return "hello"
*** End Patch
"""
AIDER = """greet.py
<<<<<<< SEARCH
    return "hi"
=======
    return "hello"
>>>>>>> REPLACE
"""
NUMBERLESS = """--- greet.py
+++ greet.py
@@ ... @@
-    return "hi"
+    return "hello"
"""
EDIT = json.dumps(
    {
        "command": "str_replace",
        "path": "greet.py",
        "old_str": 'return "hi"',
        "new_str": 'return "hello"',
    }
)
MULTI = json.dumps(
    {"file_path": "greet.py", "edits": [{"old_string": '"hi"', "new_string": '"hello"'}]}
)
OPERATION = json.dumps(
    {
        "type": "update_file",
        "path": "greet.py",
        "diff": '@@ def greet():\n-    return "hi"\n+    return "hello"',
    }
)
CALL = json.dumps({"type": "apply_patch_call", "call_id": "1", "operation": json.loads(OPERATION)})
BLOCK = json.dumps(
    {
        "id": "greet-1",
        "role": "ui_patch",
        "target_file": "greet.py",
        "patch": {"pattern": 'return "hi"', "replacement": 'return "hello"'},
    }
)
WHOLE = json.dumps(
    {"blockId": "greet-1", "mutations": [{"path": "greet.py", "contents": HELLO.decode()}]}
)
WAYS = {
    "diff": DIFF,
    "v4a": V4A,
    "aider": AIDER,
    "numberless": NUMBERLESS,
    "edit": EDIT,
    "multi": MULTI,
    "operation": OPERATION,
    "call": CALL,
    "block": BLOCK,
    "whole": WHOLE,
}


@pytest.mark.parametrize("way", WAYS)
def test_one_change_in_every_format_is_one_plan(way: str) -> None:
    plan = planned(WAYS[way], {"greet.py": GREET})
    (change,) = plan.changes
    assert (change.path, change.op, change.new) == ("greet.py", Op.UPDATE, HELLO)
    assert plan.digest() == planned(DIFF, {"greet.py": GREET}).digest()


@pytest.mark.parametrize("way", WAYS)
def test_a_fence_and_words_around_it_are_no_part_of_a_patch(way: str) -> None:
    text = f"Here is the change:\n\n```\n{WAYS[way].strip()}\n```\n\nDone.\n"
    assert result(text, {"greet.py": GREET}) == HELLO


@pytest.mark.parametrize("way", ["diff", "v4a", "aider", "numberless"])
@pytest.mark.parametrize("damage", ["crlf", "no last newline"])
def test_what_befalls_a_text_on_its_way_changes_nothing(way: str, damage: str) -> None:
    text = WAYS[way].replace("\n", "\r\n") if damage == "crlf" else WAYS[way].rstrip("\n")
    assert result(text, {"greet.py": GREET}) == HELLO


@pytest.mark.parametrize("way", WAYS)
def test_a_file_keeps_its_line_ends_and_its_mark(way: str) -> None:
    old = b"\xef\xbb\xbf" + GREET.replace("\n", "\r\n").encode()
    made = result(WAYS[way], {"greet.py": old})
    if way == "whole":
        assert made == HELLO  # it says all the bytes itself
    else:
        assert made == b"\xef\xbb\xbf" + HELLO.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("way", ["diff", "v4a", "aider", "numberless"])
def test_what_is_done_already_is_no_effect(way: str) -> None:
    assert refusal(WAYS[way], {"greet.py": HELLO}).code == "no_effect"


def test_a_wrong_line_number_is_an_offset() -> None:
    (change,) = planned(DIFF.replace("-1,2 +1,2", "-40,2 +40,2"), {"greet.py": GREET}).changes
    assert change.new == HELLO
    assert change.notes == ("offset",)


def test_of_two_places_the_named_one_is_taken_and_none_where_none_is_named() -> None:
    twice = f"{GREET}\n{GREET}"
    named = DIFF.replace("-1,2 +1,2", "-4,2 +4,2")
    assert result(named, {"greet.py": twice}) == f"{GREET}\n".encode() + HELLO
    answer = refusal(AIDER, {"greet.py": twice})
    assert (answer.code, answer.place.path, answer.place.line) == ("ambiguous", "greet.py", 2)
    assert "lines 2, 5" in answer.words
    disagreeing = DIFF.replace("-1,2 +1,2", "-4,2 +9,2")
    assert refusal(disagreeing, {"greet.py": twice}).code == "ambiguous"


def test_lines_without_their_indent_get_it_back() -> None:
    patch = AIDER.replace("    return", "return")
    (change,) = planned(patch, {"greet.py": GREET}).changes
    assert (change.new, change.notes) == (HELLO, ("indent",))


def test_curly_quotes_find_straight_ones_and_become_them() -> None:
    patch = AIDER.replace('"hi"', "“hi”").replace('"hello"', "“hello”")
    (change,) = planned(patch, {"greet.py": GREET}).changes
    assert (change.new, change.notes) == (HELLO, ("punctuation",))


def test_one_good_file_and_one_bad_are_none() -> None:
    both = DIFF + DIFF.replace("greet.py", "other.py")
    answer = refusal(both, {"greet.py": GREET, "other.py": "nothing\n"})
    assert (answer.code, answer.place.path, answer.place.line) == ("no_match", "other.py", 9)


def test_a_move_takes_its_bytes_and_its_mode_along() -> None:
    patch = V4A.replace("greet.py\n", "greet.py\n*** Move to: hello/greet.py\n", 1)
    (change,) = planned(patch, {"greet.py": File(GREET.encode(), EXECUTABLE)}).changes
    assert (change.op, change.path, change.source) == (Op.MOVE, "hello/greet.py", "greet.py")
    assert (change.base, change.new, change.new_mode) == (GREET.encode(), HELLO, EXECUTABLE)


def test_what_is_added_and_then_edited_and_moved_is_one_addition() -> None:
    patch = (
        "*** Begin Patch\n*** Add File: a.txt\n+one\n*** Update File: a.txt\n"
        "*** Move to: b.txt\n@@\n-one\n+two\n*** End Patch"
    )
    (change,) = planned(patch, {}).changes
    assert (change.path, change.op, change.new) == ("b.txt", Op.ADD, b"two\n")


def test_headers_alone_move_empty_or_change_a_mode() -> None:
    patch = (
        "diff --git a/old name.txt b/new.txt\nsimilarity index 100%\nrename from old name.txt\n"
        "rename to new.txt\n"
        "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"
        "diff --git a/empty b/empty\nnew file mode 100644\nindex 0000000..e69de29\n"
        'diff --git "a/\\303\\244.txt" "b/\\303\\244.txt"\ndeleted file mode 100644\n'
    )
    plan = planned(patch, {"old name.txt": "x", "run.sh": "y", "ä.txt": ""})
    told = {change.path: (change.op, change.new_mode) for change in plan.changes}
    assert told == {
        "new.txt": (Op.MOVE, PLAIN),
        "run.sh": (Op.MODE, EXECUTABLE),
        "empty": (Op.ADD, PLAIN),
        "ä.txt": (Op.DELETE, None),
    }


def test_what_is_so_already_is_left_out_and_said() -> None:
    both = DIFF + DIFF.replace("greet.py", "other.py")
    plan = planned(both, {"greet.py": GREET, "other.py": HELLO})
    assert [change.path for change in plan.changes] == ["greet.py"]
    assert plan.skipped == ("already: other.py",)


def test_a_patch_in_json_is_the_patch() -> None:
    for key in ("patch", "input", "diff"):
        assert result(json.dumps({"id": "1", key: V4A}), {"greet.py": GREET}) == HELLO


def test_a_line_for_an_empty_place_goes_where_its_anchor_is() -> None:
    patch = "*** Begin Patch\n*** Update File: a\n@@ one\n+new\n*** End Patch"
    assert result(patch, {"a": "one\ntwo\n"}) == b"one\nnew\ntwo\n"
    bare = patch.replace("@@ one", "@@")
    assert result(bare, {"a": "one\ntwo"}) == b"one\ntwo\nnew\n"


def test_stacked_anchors_lead_to_one_place() -> None:
    text = "class A:\n    def f():\n        pass\nclass B:\n    def f():\n        pass\n"
    patch = (
        "*** Begin Patch\n*** Update File: a.py\n@@ class B:\n@@     def f():\n"
        "-        pass\n+        return 1\n*** End Patch"
    )
    assert result(patch, {"a.py": text}) == text.encode()[:-13] + b"        return 1\n"


A = {"a": "one\ntwo\n"}


def v4a(body: str) -> str:
    return f"*** Begin Patch\n{body}\n*** End Patch\n"


def diff(body: str, name: str = "a") -> str:
    return f"--- a/{name}\n+++ b/{name}\n{body}"


def block(**keys: object) -> str:
    patch = {"pattern": "one", "replacement": "1"} | keys
    return json.dumps({"id": "1", "target_file": "a", "patch": patch})


TOKEN = "ghp_" + "a1" * 20
REFUSALS: dict[str, list[tuple[str, dict[str, str | bytes], int | None, str]]] = {
    "empty": [("", {}, 1, "nothing"), (v4a(""), {}, 1, "no file")],
    "unknown_format": [
        ("*** Begin Patch\n*** Add File: a\n+x\n", {}, 4, "End Patch"),
        (v4a("*** Add File: b\nx"), {}, 3, "begins with +"),
        ('{"name": "x"}', {}, 1, "keys"),
    ],
    "mixed_formats": [(DIFF + V4A, {"greet.py": GREET}, 7, "two formats")],
    "invalid_json": [('{"a": 1,\n "b" 2}', {}, 2, "line 2, column"), ("[" * 40, {}, 1, "deep")],
    "duplicate_key": [('{"id": 1,\n"patch": {"a": 1,\n "a": 2}}', {}, 3, "'a' is there twice")],
    "too_large": [("x" * (1024 * 1024 + 1), {}, None, "1048577 bytes")],
    "too_many": [
        (v4a("\n".join(f"*** Add File: f{n}\n+x" for n in range(51))), {}, None, "51 files"),
        (diff("@@ ... @@\n-one\n+1\n" * 1001), A, None, "1001 hunks"),
    ],
    "bad_path": [
        (v4a("*** Add File: a//b\n+x"), {}, None, "empty"),
        ("--- one\n+++ two\n@@ -1 +1 @@\n-a\n+b\n", {}, 1, "no rename"),
    ],
    "outside_root": [(v4a("*** Add File: ../a\n+x"), {}, None, "`..`")],
    "protected_path": [(v4a("*** Add File: .GIT/hooks/x\n+x"), {}, None, "git's own")],
    "binary": [
        ("diff --git a/a b/a\nindex 1..2\nGIT binary patch\nliteral 1\n", A, 3, "binary"),
        (diff("@@ -1 +1 @@\n-one\n+1\n"), {"a": b"one\0\n"}, None, "NUL"),
        (b"\xff\xfea\0", {}, 1, "UTF-8"),
    ],
    "encoding": [
        (b"--- a/a\n+++ b/a\n@@ -1 +1 @@\n-on\xe9\n+one\n", {"a": b"on\xe9\n"}, 3, "UTF-8"),
        (r'{"path": "a", "old_str": "one", "new_str": "\ud83d"}', A, 1, "half a character"),
    ],
    "mode": [
        ("diff --git a/a b/a\nold mode 100644\nnew mode 120000\n", A, 3, "120000"),
        ("diff --git a/s b/s\nnew file mode 104755\n", {}, 2, "104755"),
    ],
    "no_match": [
        (diff("@@ -1,2 +1,2 @@\n one\n-zwei\n+2\n"), A, 3, "nearest is line 2: 'two'"),
        (v4a("*** Update File: a\n@@ class X\n-one\n+1"), A, 4, "anchor"),
        (block(pattern="o.*"), A, 1, "regular expression"),
    ],
    "ambiguous": [(block(pattern="o"), A, 1, "at lines 1, 2")],
    "exists": [(v4a("*** Add File: a\n+x"), A, 2, "is there already")],
    "missing": [(v4a("*** Delete File: b"), A, 2, "no such file")],
    "empty_edit": [
        (diff("@@ -1 +1 @@\n one\n"), A, 3, "changes nothing"),
        ('{"path": "a", "old_str": "", "new_str": "x"}', A, 1, "empty"),
        ('{"path": "a", "old_str": "x", "new_str": "x"}', A, 1, "the same"),
    ],
    "no_effect": [(diff("@@ -1 +1 @@\n-eins\n+one\n"), A, 1, "already")],
    "overlap": [
        (v4a("*** Add File: b\n+x\n*** Add File: b\n+y"), {}, 4, "twice"),
        (v4a("*** Add File: b\n+x\n*** Add File: B\n+y"), {}, None, "may be one"),
        (v4a("*** Add File: b\n+x\n*** Add File: b/c\n+y"), {}, None, "may be one"),
    ],
    "regex_dangerous": [
        (block(pattern=pattern, mode="regex"), A, 1, why)
        for pattern, why in {
            ".*": "nothing is",
            ".+": "half",
            r"[\s\S]*": "nothing is",
            r"(.|\n)+": "half",
            "^": "nothing is",
            "(": "no regular expression",
        }.items()
    ],
    "shell_refused": [
        ('{"mutations": [], "validate": {"shell": ["ls"]}}', {}, 1, "validate.shell"),
        (f"{AIDER}\n```bash\nrm -rf x\n```\n", {"greet.py": GREET}, 8, "commands"),
        ("npm run build && echo done", {}, 1, "commands"),
    ],
    "elided": [
        (v4a("*** Update File: a\n@@\n-one\n+// ... existing code ..."), A, 1, "left out"),
        ('{"mutations": [{"path": "a", "contents": "# ... rest of the file\\n"}]}', A, 1, ""),
    ],
    "prose": [("Please make it faster.", {}, 1, "words")],
    "instructions": [('{"phases": [{"actions": ["x"]}]}', {}, 1, "what to do")],
    "placeholder": [('{"blockId": "x", "description": "y"}', {}, 1, "no change")],
    "secret": [(v4a(f"*** Add File: b\n+x\n+key = {TOKEN}"), {}, 2, "GitHub token")],
    "syntax": [
        (AIDER.replace('"hello"', '"hello'), {"greet.py": GREET}, 2, "parse"),
        ('{"path": "a.json", "old_str": "1", "new_str": "1,"}', {"a.json": "[\n1]"}, None, ""),
        ('{"path": "a.toml", "old_str": "1", "new_str": "="}', {"a.toml": "a=1"}, None, ""),
        ('{"path": "a.yml", "old_str": "1", "new_str": "["}', {"a.yml": "a: 1"}, None, ""),
    ],
}
CASES = [(code, n) for code, cases in REFUSALS.items() for n in range(len(cases))]


@pytest.mark.parametrize(("code", "n"), CASES)
def test_each_refusal_has_its_code_its_words_and_its_place(code: str, n: int) -> None:
    patch, files, line, words = REFUSALS[code][n]
    answer = refusal(patch, files)
    assert answer.code == code, answer.words
    assert words in answer.words
    assert line is None or answer.place.line == line
    assert answer.words.startswith("cannot ")
    assert TOKEN not in answer.words


def test_no_code_is_without_a_test() -> None:
    elsewhere = {"not_regular", "hard_link", "regex_timeout"}  # a tree's own, and test_regex
    assert set(REFUSALS) | elsewhere == CODES


def test_a_marker_with_a_blank_before_it_is_the_text_of_a_file() -> None:
    text = "*** End Patch\none\n*** Add File: x\n"
    patch = v4a("*** Update File: a\n@@\n *** End Patch\n-one\n+1\n *** Add File: x")
    assert result(patch, {"a": text}) == text.replace("one", "1").encode()
    talked = diff("@@ -1,2 +1,2 @@\n *** Begin Patch\n-one\n+1\n")
    assert result(talked, {"a": "*** Begin Patch\none\n"}) == b"*** Begin Patch\n1\n"
