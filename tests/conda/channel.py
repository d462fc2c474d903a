"""A conda channel in a folder, with a `python` that is a virtual environment of this interpreter.

So the solver, the installer and pip do their work for real, on packages that are not
conda-forge's. The versions are those that the environment files ask for.
"""

import asyncio
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path

from rattler.index import index_fs

SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def make_channel(folder, versions):
    """Write the channel; `versions` {"python": ..., "pip": ...}."""
    interpreter = os.path.realpath(sys.executable)
    settings = f"home = {os.path.dirname(interpreter)}\ninclude-system-site-packages = false\n"
    settings += "version = {}.{}.{}\n".format(*sys.version_info[:3])
    files = {"pyvenv.cfg": settings, f"{SITE}/README.txt": "a stand-in\n"}
    links = {"bin/python3": interpreter, "bin/python": "python3"}
    _package(folder, "linux-64", "python", versions["python"], files, links, [], python_site_packages_path=SITE)
    _package(folder, "noarch", "pip", versions["pip"], {"share/pip.txt": "pip runs from outside\n"}, {}, ["python"])
    asyncio.run(index_fs(folder))


def _package(folder, subdir, name, version, files, links, depends, **more):
    kind = {"noarch": "generic"} if subdir == "noarch" else {"arch": "x86_64", "platform": "linux"}
    index = {"name": name, "version": version, "build": "standin_0", "build_number": 0, "depends": depends}
    paths = [{"_path": path, "path_type": "softlink"} for path in links]
    for path, text in files.items():
        digest = hashlib.sha256(text.encode()).hexdigest()
        paths.append({"_path": path, "path_type": "hardlink", "sha256": digest, "size_in_bytes": len(text)})
    info = {
        "info/index.json": json.dumps({**index, "subdir": subdir, **kind, **more}),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}),
    }
    (Path(folder) / subdir).mkdir(parents=True, exist_ok=True)
    (Path(folder) / "noarch").mkdir(exist_ok=True)
    with tarfile.open(Path(folder) / subdir / f"{name}-{version}-standin_0.tar.bz2", "w:bz2") as tar:
        for path, text in (info | files).items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
        for path, target in links.items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
