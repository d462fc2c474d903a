"""The file under a library in C that can bear neither a full disk nor Ctrl-C: what happened is kept for us, and raised
where the library is not at work."""

import io

from cmm.core.interrupts import interrupts_noted


class PatientFile(io.FileIO):
    """A file that does not tell HDF5 when the disk is full, and keeps it for us.

    HDF5 cannot let go of a file that it cannot write: it tries again with every array, and at the end of the process
    falls.
    """

    failure = None
    computing = False  # what is to be written next: HDF5 is not at work

    def write(self, data):
        left = memoryview(data).cast("B")
        try:
            while len(left) and self.failure is None:
                left = left[super().write(left) :]
        except OSError as error:
            self.failure = error
        return len(data)

    def truncate(self, size=None):
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = error
            return size


def signals_later(disk):
    """Ctrl-C and SIGTERM wait until an entry is written: in the midst of HDF5 they would be swallowed, or end it."""

    def note():
        if disk.computing:
            raise KeyboardInterrupt
        disk.failure = disk.failure or KeyboardInterrupt()

    return interrupts_noted(note)
