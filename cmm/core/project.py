"""Where Snakefile, rules and config lie: beside the package in a checkout, inside of it once a wheel is installed."""

import os
from pathlib import Path

import cmm

PACKAGE = Path(cmm.__file__).parent
CARRIED = ("Snakefile", "rules", "workflow", "config", "envs", "profiles")  # what a wheel has in cmm/project


def project():
    """The folder that holds CARRIED."""
    inside = PACKAGE / "project"
    return inside if inside.is_dir() else PACKAGE.parent


def package_path():
    """A folder that holds the package and no other, for PYTHONPATH: jobs in environments of their own import it.

    Beside an installed package lie all others, which would hide those of the environment: there, a link of the
    working directory.
    """
    if (PACKAGE.parent / "Snakefile").is_file():
        return str(PACKAGE.parent)
    holder = Path(".snakemake/package").absolute()
    holder.mkdir(parents=True, exist_ok=True)
    link = holder / "cmm"
    if not link.is_symlink() or link.resolve() != PACKAGE.resolve():
        partial = holder / f".cmm.{os.getpid()}"
        partial.symlink_to(PACKAGE)
        os.replace(partial, link)
    return str(holder)
