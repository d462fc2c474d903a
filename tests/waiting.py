"""Other processes: waiting for what they do, by looking, and being heard by them."""

import signal
import time


def wait_for(look, what, process=None, seconds=120, pause=0.02):
    """What `look()` gives as soon as it gives something true.

    Fails after `seconds`, or when `process`, the one that should bring it about, has ended before.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert process is None or process.poll() is None, f"it ended before {what}"
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(pause)  # so that looking takes nothing from those who work
    return found


def hear_ctrl_c():
    """In a child before it starts: what a shell started behind & ignores Ctrl-C, and so do its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
