import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cmm.core.errors import UserError
from cmm.core.files import atomic, inside


def test_atomic_file_appears_whole(tmp_path):
    target = tmp_path / "new" / "a.txt"
    with atomic(target) as partial:
        partial.write_text("half")
        assert not target.exists()
    assert target.read_text() == "half"
    assert [p.name for p in target.parent.iterdir()] == ["a.txt"]


def test_atomic_failure_keeps_the_old_file_and_leaves_nothing(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic(target) as partial:
        partial.write_text(str(1 / 0))
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_atomic_folder_appears_whole(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    with atomic(target) as partial:
        partial.mkdir()
        (partial / "new").touch()
    assert [p.name for p in target.iterdir()] == ["new"]


def test_a_folder_that_holds_something_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UserError, match="a folder that holds something"), atomic(tmp_path):
        pass
    assert (tmp_path / "thesis.txt").exists()


def test_a_device_is_never_replaced():
    with pytest.raises(UserError, match="neither a file nor a folder"), atomic("/dev/null"):
        pass


def test_what_a_killed_process_left_is_swept(tmp_path):
    code = f"import os, cmm.core.files as f\nwith f.atomic({str(tmp_path / 'a.txt')!r}) as p:"
    code += " p.touch(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len(list(tmp_path.iterdir())) == 1, "the killed process could not clean up"
    with atomic(tmp_path / "a.txt") as partial:
        partial.write_text("whole")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_unwritable_place_is_a_user_error(tmp_path):
    blocker = tmp_path / "file"
    blocker.touch()
    with pytest.raises(UserError, match=r"cannot write .*file.a\.txt"), atomic(blocker / "a.txt"):
        pass


def test_full_disk_is_a_user_error(tmp_path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")

    def write():
        with atomic(tmp_path / "a.txt") as partial:
            partial.symlink_to(full)
            partial.write_text("half")

    with pytest.raises(UserError, match="No space left on device"):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "link/secret"])
def test_no_path_leaves_the_root(tmp_path, name):
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(UserError, match="outside"):
        inside(root, name)


def test_paths_within_the_root_are_fine(tmp_path):
    assert inside(tmp_path, "a/../b.mp4") == (tmp_path / "b.mp4").resolve()


def test_a_folder_that_is_replaced_comes_back_when_that_fails(tmp_path, monkeypatch):
    """Also when the process was killed between the two renames: the next one puts it back."""
    path = tmp_path / "out"
    path.mkdir()
    (path / "old").write_text("old")
    real = os.replace

    def broken(source, target):
        if Path(target) == path and Path(source).name == "out":
            raise OSError(errno.EIO, "broken")
        real(source, target)

    monkeypatch.setattr("cmm.core.files.os.replace", broken)
    with pytest.raises(OSError, match="broken"), atomic(path, replace=lambda _: True) as partial:
        partial.mkdir()
    assert (path / "old").read_text() == "old"
    monkeypatch.undo()
    holder = tmp_path / f".out.{socket.gethostname()}.999999999.x"
    holder.mkdir()
    real(path, holder / "before")
    with pytest.raises(RuntimeError), atomic(path) as partial:
        raise RuntimeError
    assert (path / "old").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
    answers = iter([True, False])
    with pytest.raises(UserError, match="meanwhile something else"), atomic(path, replace=lambda _: next(answers)):
        pass
    assert (path / "old").exists()
