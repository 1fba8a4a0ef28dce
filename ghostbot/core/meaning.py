"""What the end of a process usually means, for those who do not know its number."""

from __future__ import annotations

ENDS = {
    "exited 0": "it ended well, but it should run on",
    "exited 126": "the program may not be executed",
    "exited 127": "the program, or one that it calls, was not found",
    "exited 130": "its shell was interrupted",
    "exited 137": "a process in it was killed",
    "exited 139": "a process in it used memory that is not its own",
    "exited 143": "a process in it was asked to end",
    "killed by SIGABRT": "it gave up by itself, as programs do that find themselves broken",
    "killed by SIGBUS": "it used memory that is not there",
    "killed by SIGFPE": "an impossible calculation",
    "killed by SIGHUP": "its terminal or session was closed",
    "killed by SIGILL": "an instruction that this machine does not know",
    "killed by SIGINT": "somebody interrupted it",
    "killed by SIGKILL": "by somebody, or by the kernel as memory ran out",
    "killed by SIGPIPE": "it wrote to a pipe that nobody reads",
    "killed by SIGQUIT": "somebody asked it to quit with a core dump",
    "killed by SIGSEGV": "it used memory that is not its own",
    "killed by SIGSYS": "a system call that it may not make",
    "killed by SIGTERM": "somebody asked it to end",
    "killed by SIGXCPU": "it used more processor time than it may",
    "killed by SIGXFSZ": "it wrote a larger file than it may",
}


def meaning(cause: str) -> str | None:
    """Say what an end usually means; None where the words say it already."""
    return ENDS.get(cause)
