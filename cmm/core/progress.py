"""Messages, and progress of long loops: a bar on a terminal, a line now and then in a log file."""

import logging
import os
import sys
import time

from tqdm import tqdm

log = logging.getLogger("cmm")
SECONDS_BETWEEN_LINES = 10


def begin_log():
    """Messages on standard error: as they are on a terminal, with the time of day in a log file."""
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started: they all say the same
    form = "%(message)s" if sys.stderr.isatty() else "%(asctime)s %(message)s"
    logging.basicConfig(format=form, datefmt="%H:%M:%S", level=logging.INFO if first else logging.WARNING)


def progress(items, label, total=None):
    """Iterate over `items`, showing how far it is and about how long it will take."""
    total = len(items) if total is None else total
    if sys.stderr.isatty() and log.isEnabledFor(logging.INFO):
        yield from tqdm(items, desc=label, total=total, leave=False)
        return
    start = last = begun = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if done == 1:
            begun = now  # the first one waits for what is loaded, and tells nothing of the others
        elif now - last >= SECONDS_BETWEEN_LINES and done < total:
            left = duration((now - begun) / (done - 1) * (total - done))
            known = now - begun >= SECONDS_BETWEEN_LINES  # of several workers the first ones come all at once
            log.info("%s %d/%d%s", label, done, total, f", about {left} left" if known else "")
            last = now
    log.info("%s %d/%d in %s", label, total, total, duration(time.monotonic() - start))


def duration(seconds):
    """Seconds as a person says them: 8 s, 3 min 20 s, 2 h 5 min."""
    seconds = int(round(seconds))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
