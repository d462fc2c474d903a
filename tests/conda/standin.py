"""A stand-in for `conda`, where no conda program can be installed: the calls that Snakemake makes.

Solver and installer are py-rattler's, those of pixi; pip sections are installed by pip. The
channel `conda-forge` is the folder $STANDIN_CHANNEL (see channel.py).
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import rattler
import yaml

ROOT = Path(__file__).parent.parent


async def create(specs, prefix):
    """Solve and install conda packages into `prefix`."""
    channel = rattler.Channel(Path(os.environ["STANDIN_CHANNEL"]).as_uri())
    records = await rattler.solve(sources=[channel], specs=specs, platforms=["linux-64", "noarch"])
    await rattler.install(records, target_prefix=prefix, cache_dir=ROOT / "pkgs", show_progress=False)


def main(words):
    match words:
        case ["--version"]:
            print("conda 25.1.0")
        case ["info", "--json"]:
            print(json.dumps({"conda_prefix": str(ROOT), "root_prefix": str(ROOT), "platform": "linux-64"}))
        case ["config", *_]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["clean", *_]:
            pass
        case ["env", "create", *_] | ["create", *_]:
            file, prefix = (words[words.index(flag) + 1] for flag in ("--file", "--prefix"))
            wanted = yaml.safe_load(Path(file).read_text())["dependencies"]
            asyncio.run(create([entry for entry in wanted if isinstance(entry, str)], prefix))
            pip = [line for entry in wanted if isinstance(entry, dict) for line in entry["pip"]]
            install = [sys.executable, "-m", "pip", "--python", f"{prefix}/bin/python", "install", "-q", *pip]
            return subprocess.call(install) if pip else 0
        case _:
            print(f"the stand-in for conda does not know {words}", file=sys.stderr)
            return 2
    return 0


sys.exit(main(sys.argv[1:]))
