"""A worker outlives what would take the process with it."""

import os
import signal
import time
from contextlib import contextmanager

import pytest

from cmm.core.errors import UserError
from cmm.core.worker import Died, Killed, Worker


@contextmanager
def working(greeting):
    yield greeting, work


def work(what, alive):
    if what == "abort":
        os.abort()
    if what == "hang":
        time.sleep(600)
    if what == "slow":
        for _ in range(8):
            alive()
            time.sleep(0.5)
    if what == "memory":
        return len(bytearray(2**31))
    if what == "bug":
        return {}["nothing"]
    if what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "refuse":
        raise UserError("bad input")
    return what, os.getpid()


@contextmanager
def broken():
    raise UserError("no weights")
    yield


def test_items_that_kill_hang_or_eat_memory_cost_themselves_alone():
    with Worker(working, "hello", patience=2.0, memory=2**29) as worker:
        assert worker.greeting == "hello"
        _, first = worker.do("a")
        assert first != os.getpid()
        assert worker.do("slow")[1] == first, "slow, but alive"
        with pytest.raises(Died, match=r"ends the process that reads it \(SIGABRT\)"):
            worker.do("abort")
        _, second = worker.do("b")
        assert second != first
        with pytest.raises(Died, match="gave no frame for 2 s"):
            worker.do("hang")
        _, third = worker.do("d")
        with pytest.raises(Died, match="takes more memory than a video may"):
            worker.do("memory")
        assert worker.do("e")[1] != third
        with pytest.raises(KeyError) as error:
            worker.do("bug")
        assert "in work" in error.value.__notes__[0], "where it was raised"
        with pytest.raises(Killed, match=r"was killed \(SIGKILL\): is there memory enough") as error:
            worker.do("killed")
        assert not isinstance(error.value, Died), "it is not the item's fault"
        with pytest.raises(UserError, match="bad input"):
            worker.do("refuse")
        _, last = worker.do("c")
    with pytest.raises(ProcessLookupError):
        os.kill(last, signal.SIGTERM)


def test_what_cannot_be_prepared_is_said_at_once():
    with pytest.raises(UserError, match="no weights"), Worker(broken):
        pass
