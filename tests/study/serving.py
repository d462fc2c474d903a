"""A real server of a study, in a process of its own."""

import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from waiting import hear_ctrl_c


@contextmanager
def serving(study, database):
    """The address of a server of its own process; it is interrupted at the end, as by Ctrl-C."""
    words = ["study", "serve", "--study", study, "--database", database, "--port", "0"]
    command = [sys.executable, "-m", "cmm", *map(str, words)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=Path(database).parent, preexec_fn=hear_ctrl_c
    ) as server:
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
