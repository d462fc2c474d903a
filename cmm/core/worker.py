"""A process of its own for what may take a process with it: other people's videos, in decoders written in C.

One worker does one item after the other. An item that kills it, takes all memory or never ends is answered with
Died, and the next one has a new worker.
"""

import ctypes
import logging
import multiprocessing
import resource
import signal
from contextlib import suppress
from pathlib import Path

from cmm.core.errors import UserError
from cmm.core.progress import begin_log

log = logging.getLogger("cmm")
PATIENCE = 120.0  # seconds without a sign of life: a slow network on a CPU takes a second for a frame
MEMORY = 4 * 2**30  # bytes that an item may take
DIE_WITH_PARENT = 1  # Linux: PR_SET_PDEATHSIG


class Died(UserError):
    """An item that its worker did not survive; the message is the reason."""


class Worker:
    """Runs `prepare(*words)`, a context manager, in another process: it gives (greeting, function).

    `do(*item)` returns `function(*item, alive)` as it was computed there; the function calls `alive()` now and then.
    Everything that goes there and comes back must be picklable. Exceptions come back, too.
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
        """What the function makes of an item; raises Died, or what it raises."""
        if self.process is None:
            self._start()
        try:
            self.pipe.send(item)
            return self._answer()
        except (EOFError, OSError) as error:  # the pipe broke: nobody is there
            self.process.join(10)
            code = self.process.exitcode
            self._stop()
            raise Died(_reason(code)) from error

    def _start(self):
        context = multiprocessing.get_context("spawn")  # a copy of this process would hold its locks and threads
        self.pipe, theirs = context.Pipe()
        level = log.getEffectiveLevel()
        self.process = context.Process(target=_serve, args=(theirs, *self.begin, level), daemon=True)
        self.process.start()
        theirs.close()
        try:
            return self._answer()
        except EOFError as error:
            raise UserError("a worker's process ended before its first item: see the lines above") from error

    def _answer(self):
        while True:
            if not self.pipe.poll(self.patience):
                self._stop()
                raise Died(f"gave no frame for {self.patience:.0f} s: it is left")
            kind, content = self.pipe.recv()
            if kind == "done":
                return content
            if kind == "failed":
                raise content

    def _stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None


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
                _limit(memory)
                pipe.send(("done", greeting))
                while True:
                    pipe.send(_done(function, pipe.recv(), lambda: pipe.send(("alive", None))))
        except UserError as error:
            pipe.send(("failed", error))


def _done(function, item, alive):
    try:
        return "done", function(*item, alive)
    except UserError as error:
        return "failed", error
    except MemoryError:
        return "failed", Died("takes more memory than a video may")


def _limit(memory):
    """Let this process take so many bytes more than it has; where the system does not say, as many as it likes."""
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        has = next(int(line.split()[1]) for line in lines if line.startswith("VmData")) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (has + memory, resource.RLIM_INFINITY))


def _reason(code):
    """Why a process with an exit code ended, in words."""
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"ends the process that reads it ({signal.Signals(-code).name})"
    return f"ends the process that reads it (exit code {code})"
