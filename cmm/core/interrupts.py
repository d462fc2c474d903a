"""Ctrl-C and SIGTERM that come at a bad time."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def interrupts_noted(note):
    """While the block runs, Ctrl-C and SIGTERM call `note()` and end nothing; elsewhere than in the main thread, where
    they never arrive, nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: note()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def interrupts_later():
    """Ctrl-C and SIGTERM wait until the block has come to its end: KeyboardInterrupt is raised there."""
    noted = []
    with interrupts_noted(lambda: noted.append(True)):
        yield
    if noted:
        raise KeyboardInterrupt
