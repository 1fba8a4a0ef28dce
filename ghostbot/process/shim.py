"""A moment between Ghost and a daemon: sets what fork cannot (user, limits, nice), then execs.

Run as `python -I -S shim.py KEY=VALUE… -- program argument…`; a key may come more than once. It
is a program of its own that imports nothing of Ghost, and little else: json, re or enum would
double the time it takes.

Rule 1: it gives up what it has in the order in which that still can be done: root's rights last.
Rule 2: whatever fails ends it with 126, or 127 where the program is not there, after one line
        `ghost[PID]: cannot …` on stderr; `ghostbot.process.limits` reads it there.
Rule 3: what it does not set, it leaves as it is; nothing of its own is left after the exec.
"""

import _signal as signal  # type: ignore[import-not-found]  # signal itself loads enum
import errno
import os
import resource
import sys

REFUSED, NOT_FOUND = 126, 127  # as a shell says it, POSIX 2.8.2


class Refused(Exception):
    """What cannot be done, in words."""


def main(argv: list[str]) -> None:
    """Become what the options say, and then the program; does not return where that works."""
    try:
        end = argv.index("--")
        options, command = _options(argv[1:end]), argv[end + 1 :]
        _restore_environment(options.get("lc_ctype"))
        _reset_signals()
        user = options["user"][0] if "user" in options else None
        who = _person(user) if user is not None else None
        for nice in options.get("nice", ()):
            _set_nice(int(nice))
        _forget_oom_score()
        for limit in options.get("rlimit", ()):
            _set_limit(*limit.split(":"))
        if user is not None and who is not None:
            _become(user, who, options.get("said", []))
            _enter(options["cwd"][0], user)
        _execute(command)
    except Refused as refused:
        _end(str(refused), REFUSED)


def _options(words: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in words:
        key, _, value = word.partition("=")
        found.setdefault(key, []).append(value)
    return found


def _restore_environment(lc_ctype: list[str] | None) -> None:
    """Undo what Python did to the environment when it began: PEP 538 coerces the C locale."""
    os.environ.pop("__PYVENV_LAUNCHER__", None)  # macOS: how a venv's python finds itself
    os.environ.pop("LC_CTYPE", None)
    if lc_ctype is not None:
        os.environ["LC_CTYPE"] = lc_ctype[0]


def _reset_signals() -> None:
    """Python ignores SIGPIPE, and execve(2) keeps that."""
    for number in signal.valid_signals():
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _person(name: str) -> tuple[int, int, list[int], str, str]:
    """Return uid, gid, groups, home and shell; asked anew at each start."""
    import pwd  # noqa: PLC0415 - a daemon with limits alone need not load it

    try:
        entry = pwd.getpwnam(name)
        groups = os.getgrouplist(name, entry.pw_gid)
    except (KeyError, OSError):
        raise Refused(f"cannot become user {name}: there is no such user") from None
    return entry.pw_uid, entry.pw_gid, groups, entry.pw_dir, entry.pw_shell


def _set_nice(nice: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError as error:
        raise Refused(f"cannot set nice to {nice}: {_words(error)}") from None


def _forget_oom_score() -> None:
    """Let the kernel judge the daemon by itself, where Ghost's own score was set: proc(5)."""
    try:
        with open("/proc/self/oom_score_adj", "r+b", buffering=0) as score:  # noqa: PTH123
            if score.read().strip() != b"0":
                score.write(b"0")
    except OSError:
        pass  # no such file on this system, or the score may not be lowered


def _set_limit(name: str, *pair: str) -> None:
    soft, hard = (resource.RLIM_INFINITY if n == "unlimited" else int(n) for n in pair)
    try:
        resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (soft, hard))
    except (OSError, ValueError) as error:  # "not allowed to raise maximum limit"
        why = _words(error)
        raise Refused(f"cannot set rlimit {name} to {'/'.join(pair)}: {why}") from None


def _become(name: str, who: tuple[int, int, list[int], str, str], said: list[str]) -> None:
    uid, gid, groups, home, shell = who
    try:
        if os.geteuid() != uid or os.getuid() != uid:
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
    except OSError as error:
        raise Refused(f"cannot become user {name}: {_words(error)}") from None
    theirs = {"HOME": home, "USER": name, "LOGNAME": name, "SHELL": shell or "/bin/sh"}
    os.environ.update({key: value for key, value in theirs.items() if key not in said})


def _enter(cwd: str, name: str) -> None:
    """Look again, as the user: what only Ghost may enter is no place for its daemon."""
    try:
        os.chdir(cwd)
    except OSError as error:
        raise Refused(f"cannot enter {cwd} as user {name}: {_words(error)}") from None


def _execute(command: list[str]) -> None:
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is what we want
    except OSError as error:
        missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
        why = _words(error)
        if missing:
            script = os.path.exists(command[0])  # noqa: PTH110 - pathlib costs milliseconds
            why = "its interpreter is not there" if script else "it is not there"
        _end(f"cannot run {command[0]}: {why}", NOT_FOUND if missing else REFUSED)
    except ValueError as error:  # a NUL byte
        raise Refused(f"cannot run {command[0]!r}: {error}") from None


def _words(error: Exception) -> str:
    """Say an error without the encodings that strerror would have to load by now."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def _end(words: str, code: int) -> None:
    line = f"ghost[{os.getpid()}]: {words}\n"
    try:
        os.write(2, line.encode("utf-8", "backslashreplace"))
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv)
