"""A lock on an open file, which the system lets go of when the program ends, however it ends.

Knows nothing of what it guards. (A process number would say less: in a container the next program may get the
same one.)
"""

from __future__ import annotations

import contextlib
import os
import sys

if sys.platform == "win32":
    import msvcrt

    def take(handle: int) -> None:
        """Lock an open file until it is closed. Raises OSError where somebody has it or none can be had."""
        os.lseek(handle, 2**30, os.SEEK_SET)  # a byte far behind the end: those before can still be read
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def take(handle: int) -> None:
        """Lock an open file until it is closed. Raises OSError where somebody has it or none can be had."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def let_go(handle: int) -> None:
    """Close an open file, and so give its lock back; one that cannot be closed is no longer open either."""
    with contextlib.suppress(OSError):
        os.close(handle)
