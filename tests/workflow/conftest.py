"""The workflow on miniature DAGs: a copy of it that tests may edit, and a finished run."""

import shutil

import pytest
from filelock import FileLock
from running import PARTS, ROOT, Workflow


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """A copy of the workflow, and a folder in which the miniature has run from end to end.

    It runs once for all workers of pytest-xdist; each has a copy that it may change.
    """
    code = tmp_path_factory.mktemp("code")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, code / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, code / part)
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "finished"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            running = Workflow(code, shared.with_name("running"))
            shutil.rmtree(running.folder, ignore_errors=True)
            running.folder.mkdir()
            running.run()
            running.folder.rename(shared)
    mine = tmp_path_factory.mktemp("finished") / "copy"
    shutil.copytree(shared, mine)
    return Workflow(code, mine)


@pytest.fixture
def again(finished, tmp_path):
    """A folder of one's own with what has been finished in it."""
    shutil.copytree(finished.folder, tmp_path / "again")
    return Workflow(finished.code, tmp_path / "again")


@pytest.fixture
def fresh(finished, tmp_path):
    """An empty folder to run in."""
    (tmp_path / "fresh").mkdir()
    return Workflow(finished.code, tmp_path / "fresh")
