"""Results on stdout: every byte of them, or an error.

Python's own stream leaves out what a pipe does not take at once where it is unbuffered, and tells nobody.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import stat
import struct
import sys
import time
from typing import Final

from core.errors import OutputError

#: Seconds for which a reader that is there may leave bytes unread in the pipe before they count as taken.
_PATIENCE: Final = 10.0
_LOOK_EVERY: Final = 0.01
_PART: Final = 1 << 20


def put(result: str | bytes) -> None:
    """Write a result, text in the terminal's own encoding. Raises OutputError unless all of it was taken."""
    out = sys.stdout
    if out is None:
        raise OutputError("there is none")
    data = result if isinstance(result, bytes) else result.encode(out.encoding or "utf-8", out.errors or "strict")
    try:
        out.flush()
        if (descriptor := _descriptor()) is None:
            out.buffer.write(data)
            out.flush()
        else:
            _write(descriptor, data)
    except OSError as error:
        raise _broken(error) from error


def deliver(result: bytes) -> None:
    """As `put`; and what is in a pipe has been read, what is in a file is on disk.

    Of a reader that stays but does not read, nothing is known: after a while it counts as one that will.
    """
    put(result)
    if (descriptor := _descriptor()) is None:
        return
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            _wait_for_reader(descriptor)
        elif stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fsync(descriptor)
        os.close(os.dup(descriptor))  # tells what a network file system has kept to itself until now
    except OSError as error:
        raise _broken(error) from error


def _descriptor() -> int | None:
    """None where stdout is no file of the system, but something within this process."""
    with contextlib.suppress(io.UnsupportedOperation):
        return sys.stdout.fileno()
    return None


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest[:_PART]) :]
        except BlockingIOError:  # whoever started us has made the pipe one that does not wait
            select.select([], [descriptor], [])


def _wait_for_reader(descriptor: int) -> None:
    """Raises BrokenPipeError when the reader goes before it has read everything."""
    if not sys.platform.startswith("linux"):  # elsewhere nobody says how much is unread
        return
    gone, until = select.poll(), time.monotonic() + _PATIENCE
    gone.register(descriptor, 0)
    while _unread(descriptor):
        if gone.poll(0):
            raise BrokenPipeError("it was closed before its end")
        if time.monotonic() > until:
            return
        time.sleep(_LOOK_EVERY)


def _unread(descriptor: int) -> int:
    import fcntl  # noqa: PLC0415 - not on Windows
    import termios  # noqa: PLC0415

    with contextlib.suppress(OSError):  # a system that does not say
        return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0])
    return 0


def _broken(error: OSError) -> OutputError:
    if isinstance(error, BrokenPipeError):
        return OutputError("what reads it has stopped before the end")
    return OutputError(error.strerror or type(error).__name__)
