"""Run as a program: gives up what it may reach, then becomes the author's grader.

It imports nothing but the standard library, because it runs isolated (``python -I -S``). What is
given up: files but the system's own and the current folder, every TCP port, signals to others
(Landlock, https://docs.kernel.org/userspace-api/landlock.html), new privileges, and more than
some CPU time, memory and file size. Where the kernel can't do that, nothing is run.
"""

import ctypes
import os
import resource
import sys
from pathlib import Path

CPU_SECONDS = 10
MEMORY_BYTES = 4 * 1024**3
FILE_BYTES = 1024**2
OPEN_FILES = 64
EXIT_UNCONFINED = 90
"""The kernel has no Landlock."""
EXIT_NOT_RUN = 91
"""The program can't be started."""

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_ALL_BY_ABI = (13, 14, 15, 15, 16)
"""How many rights over files each version of Landlock knows, from version 1."""
_ON_FILES = _EXECUTE | 1 << 1 | _READ_FILE | 1 << 14 | 1 << 15
_TCP = 0b11
_NET_ABI, _SCOPE_ABI = 4, 6
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def confine(folder: str) -> bool:
    """Give up everything but the system's files (to read) and ``folder``; False where it can't."""
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(_CREATE, None, 0, _VERSION_FLAG)
    if abi < 1:
        return False
    every = (1 << _ALL_BY_ABI[min(abi, len(_ALL_BY_ABI)) - 1]) - 1
    rules = _Ruleset(every, _TCP if abi >= _NET_ABI else 0, 0b11 if abi >= _SCOPE_ABI else 0)
    size = 24 if abi >= _SCOPE_ABI else 16 if abi >= _NET_ABI else 8
    ruleset = libc.syscall(_CREATE, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return False
    reading = _EXECUTE | _READ_FILE | _READ_DIR
    places = dict.fromkeys((*_SYSTEM, *_DEVICES, sys.prefix, sys.base_prefix), reading)
    places["/dev/null"] = every
    places[folder] = every
    for place, rights in places.items():
        if not _allow(libc, ruleset, place, rights):
            return False
    is_bound = libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    is_done: bool = is_bound and libc.syscall(_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return is_done


def _allow(libc: ctypes.CDLL, ruleset: int, place: str, rights: int) -> bool:
    if not Path(place).exists():
        return True
    opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        if not Path(place).is_dir():
            rights &= _ON_FILES
        rule = _Beneath(rights, opened)
        found: int = libc.syscall(_ADD, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
        return found == 0
    finally:
        os.close(opened)


def main(folder: str, command: list[str]) -> int:
    """Confine this process and become ``command``, with an empty environment."""
    limits = {
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    if sys.platform != "linux" or not confine(folder):
        return EXIT_UNCONFINED
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))
    try:
        os.execve(command[0], command, {})  # noqa: S606 - that is its purpose; no shell
    except OSError:
        return EXIT_NOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
