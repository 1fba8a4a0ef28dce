"""Packs an archive: gzip, in members of one MiB, so that any place is found without the rest.

Run as `python -I -S compress.py FILE`, niced, in a process of its own: it imports nothing of Ghost.

Rule 1: any gzip reads what it writes. Each member says its own length and what it holds in an
        extra field (RFC 1952, 2.3.1.1) called GH.
Rule 2: FILE.gz is there whole or not at all, and FILE goes after that. Ended at any point, it
        leaves FILE, and a FILE.gz.tmp that the next one begins anew; two at once are one.
"""

import fcntl
import os
import struct
import sys
import zlib

MEMBER = 1024 * 1024  # of the archive; what a reader unpacks at once
LEVEL = 6
PACKING = ".gz.tmp"
# ID1 ID2 CM FLG MTIME XFL OS XLEN, then SI1 SI2 LEN: member's length, bytes held
HEADER = struct.Struct("<4BIBBH2sHII")
TRAILER = struct.Struct("<II")
EXTRA = struct.calcsize("<2sHII")


def member(held: bytes) -> bytes:
    """Return `held` as a gzip member that says how long it is."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    body = packer.compress(held) + packer.flush()
    length = HEADER.size + len(body) + TRAILER.size
    head = HEADER.pack(0x1F, 0x8B, 8, 4, 0, 0, 255, EXTRA, b"GH", 8, length, len(held))
    return head + body + TRAILER.pack(zlib.crc32(held), len(held))


def lengths(head: bytes) -> tuple[int, int] | None:
    """Return how long a member is and what it holds; None for one that is not ours."""
    if len(head) < HEADER.size:
        return None
    one, two, method, flags, *_, extra, name, size, length, held = HEADER.unpack(head)
    ours = (one, two, method, flags, extra, name, size) == (31, 139, 8, 4, EXTRA, b"GH", 8)
    return (length, held) if ours else None


def unpack(whole: bytes) -> bytes:
    """Return what a whole member holds. Raises zlib.error where it is damaged."""
    return zlib.decompress(whole, 31)


def pack(path: str) -> None:
    """Put FILE.gz in place of FILE; nothing where another does so already."""
    new = path + PACKING
    with open(path, "rb") as source, open(new, "ab") as target:  # noqa: PTH123 - starts fast
        fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(new).st_ino != os.fstat(target.fileno()).st_ino:  # noqa: PTH116
            return  # the other one had just finished
        was = os.fstat(source.fileno())
        os.fchmod(target.fileno(), was.st_mode & 0o777)
        target.truncate(0)
        while held := source.read(MEMBER):
            target.write(member(held))
        target.flush()
        os.utime(target.fileno(), ns=(was.st_atime_ns, was.st_mtime_ns))
        os.fsync(target.fileno())
        if os.path.exists(path):  # noqa: PTH110 - it may have been the oldest, and gone meanwhile
            os.rename(new, f"{path}.gz")  # noqa: PTH104
            os.unlink(path)  # noqa: PTH108
        else:
            os.unlink(new)  # noqa: PTH108


if __name__ == "__main__":
    os.nice(19)
    try:
        pack(sys.argv[1])
    except (OSError, IndexError):
        sys.exit(1)  # FILE stays as it is; a full disk is told by whoever runs Ghost's logs
