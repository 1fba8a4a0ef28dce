"""Taking the head off a file that others append to: fallocate(2), and how to see that it was done.

Rule 1: a collapse loses nothing: the kernel takes whole blocks away under the inode's lock, and
        whoever appends goes on at the new end.
Rule 2: not every system and filesystem can (ext4, xfs and f2fs do): `collapse` says so.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
import sys

KEEP_SIZE, PUNCH, COLLAPSE = 0x01, 0x02, 0x08  # FALLOC_FL_, linux/falloc.h
FS_IOC_FIEMAP = 0xC020660B  # linux/fs.h
FIEMAP = struct.Struct("=QQIIII")  # start, length, flags, mapped, room, reserved
EXTENT = struct.Struct("=QQQ16xI12x")  # logical, physical, length, flags
NOWHERE = 0x02 | 0x04 | 0x200  # FIEMAP_EXTENT_: UNKNOWN, DELALLOC, DATA_INLINE
CANNOT = frozenset({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTTY, errno.EPERM})

if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)
    _fallocate = getattr(_libc, "fallocate64", None) or _libc.fallocate
    _fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


def collapse(fd: int, size: int) -> bool:
    """Take the first `size` bytes out of the file, a multiple of its block and less than all of it.

    Returns False where this filesystem cannot. Raises OSError for anything else.
    """
    if sys.platform != "linux":
        return False
    if _fallocate(fd, COLLAPSE, 0, size) == 0:
        return True
    number = ctypes.get_errno()
    if number in CANNOT:
        return False
    raise OSError(number, os.strerror(number))


def punch(fd: int, size: int) -> bool:
    """Forget the first `size` bytes: they read as NUL, and nobody has to write them to the disk."""
    if sys.platform != "linux":
        return False
    return bool(_fallocate(fd, PUNCH | KEEP_SIZE, 0, size) == 0)


def block_size(fd: int) -> int:
    """Return what the length of a collapse has to be a multiple of."""
    return os.fstatvfs(fd).f_bsize


def place(fd: int) -> int | None:
    """Return where on the disk the file begins; None where the filesystem does not say.

    A collapse changes it, and appending does not: what tells a file that repeats itself from one
    whose head is gone already.
    """
    if sys.platform != "linux":
        return None
    asked = bytearray(FIEMAP.pack(0, 1, 0, 0, 1, 0) + bytes(EXTENT.size))
    try:
        fcntl.ioctl(fd, FS_IOC_FIEMAP, asked)
    except OSError:
        return None
    if not FIEMAP.unpack_from(asked)[3]:
        return None
    logical, physical, _, flags = EXTENT.unpack_from(asked, FIEMAP.size)
    return None if logical or flags & NOWHERE else int(physical)
