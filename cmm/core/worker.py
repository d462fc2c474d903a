"""A process of its own for what may take a process with it: other people's videos, in decoders written in C.

One worker does one item after the other. An item that ends it, takes too much memory or gives no sign of life is
answered with Died, and the next one has a new worker.
"""

import ctypes
import logging
import multiprocessing
import resource
import signal
import traceback
from contextlib import suppress
from pathlib import Path

from cmm.core.errors import UserError
from cmm.core.progress import begin_log

log = logging.getLogger("cmm")
PATIENCE = 120.0  # seconds without a sign of life: a slow network on a CPU takes a second for a frame
START = 600.0  # seconds until it is there: packages on a busy shared disk take their time
MEMORY = 2 * 2**30  # bytes that an item may take
DIE_WITH_PARENT = 1  # Linux: PR_SET_PDEATHSIG
KILLED = (signal.SIGKILL, signal.SIGTERM)  # by somebody else, or the system, which had no memory left


class Died(UserError):
    """An item that its worker did not survive; the message is the reason."""


class Killed(UserError):
    """A worker whom somebody, or the system, has killed: no item's fault, and no reason to go on without it."""


class Worker:
    """Runs `prepare(*words)`, a context manager, in another process: it gives (greeting, function).

    `do(*item)` returns `function(*item, alive)` as it was computed there; the function calls `alive()` now and then.
    Everything that goes there and comes back must be picklable. Exceptions come back as they are, with where they were
    raised as a note.
    """

    def __init__(self, prepare, *words, patience=PATIENCE, memory=MEMORY):
        self.begin = prepare, words, memory
        self.patience = patience
        self.process = None

    def __enter__(self):
        self.greeting = self._start()
        return self

    def __exit__(self, *_):
        self._stop()

    def do(self, *item):
        """What the function makes of an item; raises Died, Killed, or what it raises."""
        if self.process is None:
            self._start()
        try:
            self.pipe.send(item)
            return self._answer(self.patience, Died(f"gave no frame for {self.patience:.0f} s: it is left"))
        except (EOFError, ConnectionError) as error:  # nobody is there
            self.process.join(10)
            code = self.process.exitcode
            self._stop()
            raise _ended(code) from error

    def _start(self):
        context = multiprocessing.get_context("spawn")  # a copy of this process would hold its locks and threads
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, *self.begin, log.getEffectiveLevel()), daemon=True)
        self.process.start()
        theirs.close()
        try:
            return self._answer(START, UserError(f"a worker's process was not there within {START:.0f} s: run again"))
        except EOFError as error:
            raise UserError("a worker's process ended before its first item: see the lines above") from error
        except BaseException:
            self._stop()
            raise

    def _answer(self, patience, late):
        while True:
            if not self.pipe.poll(patience):
                self._stop()
                raise late
            kind, content = self.pipe.recv()
            if kind == "done":
                return content
            if kind == "failed":
                if isinstance(content, Died):
                    self._stop()  # its memory is not what it was
                raise content

    def _stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None


def _ended(code):
    """The error that a process's exit code stands for."""
    with suppress(ValueError, TypeError):
        by = signal.Signals(-code)
        if by in KILLED:
            return Killed(f"a worker's process was killed ({by.name}): is there memory enough? Run again")
        return Died(f"ends the process that reads it ({by.name})")
    return Died(f"ends the process that reads it (exit code {code})")


def _serve(pipe, prepare, words, memory, level):
    """The other process: items in, answers out, until nobody asks any more."""
    begin_log()  # its lines stand among those of the process that asks
    log.setLevel(level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks says when it is over
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    with suppress(EOFError, BrokenPipeError):
        try:
            with prepare(*words) as (greeting, function):
                pipe.send(("done", greeting))
                while True:
                    item = pipe.recv()
                    _limit(memory)
                    pipe.send(_done(function, item, lambda: pipe.send(("alive", None))))
        except (EOFError, BrokenPipeError):
            raise
        except Exception as error:
            pipe.send(("failed", _noted(error)))


def _done(function, item, alive):
    try:
        return "done", function(*item, alive)
    except MemoryError:
        return "failed", Died("takes more memory than a video may")
    except BrokenPipeError:  # nobody hears that it is alive
        raise
    except Exception as error:
        return "failed", _noted(error)


def _noted(error):
    """An exception that goes to another process with where it was raised."""
    if not isinstance(error, UserError):
        error.add_note("In a worker's process:\n" + "".join(traceback.format_exception(error)))
    return error


def _limit(memory):
    """Let this process take so many bytes more than it has; where the system does not say, as many as it likes."""
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        has = next(int(line.split()[1]) for line in lines if line.startswith("VmData")) * 1024
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = has + memory if hard == resource.RLIM_INFINITY else min(has + memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
