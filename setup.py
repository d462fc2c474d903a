"""The wheel carries the workflow beside the package: `cmm run` works where there is no clone."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("Snakefile", "rules", "workflow", "config", "envs", "profiles")  # as cmm.core.project says


class WithWorkflow(build_py):
    """Copies the workflow into cmm/project of what is built; an editable installation has it beside the package."""

    def run(self):
        super().run()
        if not self.editable_mode:
            for name in CARRIED:
                target = Path(self.build_lib, "cmm/project", name)
                shutil.rmtree(target, ignore_errors=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if Path(name).is_dir() else shutil.copy)(name, target)


setup(cmdclass={"build_py": WithWorkflow})
