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
