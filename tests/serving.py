"""Real servers of our pages, each in a process of its own."""

import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from waiting import hear_ctrl_c


@contextmanager
def listening(words, folder):
    """The address of a server that `python -m cmm WORDS` starts in a folder; it is interrupted at the end, as by
    Ctrl-C."""
    command = [sys.executable, "-m", "cmm", *map(str, words), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, preexec_fn=hear_ctrl_c) as server:
        for line in server.stderr:
            if found := re.search(r"open (http://localhost:\d+)", line):
                break
        else:
            raise AssertionError("the server ended before it listened")
        try:
            yield found[1], server
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=30)


def serving(study, database, *more):
    """The address of a server of a study."""
    return listening(["study", "serve", "--study", study, "--database", database, *more], Path(database).parent)
