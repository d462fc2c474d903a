"""A page in the browser to try photographs on: drop one, see it smile, download it.

It listens on this machine alone, unless --host says otherwise. Photographs and results stay in memory and go with the
process; nothing is sent anywhere.
"""

import logging
from pathlib import Path
from typing import Annotated

from cmm.app.server import create_app
from cmm.app.workshop import Workshop
from cmm.core.errors import UserError
from cmm.core.servers import run_server
from cmm.generation.smiler import load

log = logging.getLogger("cmm")
EXAMPLES = (
    "cmm app                                                       # open http://localhost:8001",
    "cmm app --model results/actors/fold10/METHOD/seed1            # with weights trained here, beside those inside",
)


def main(
    model: Annotated[list[Path] | None, "bundles, or folders of runs, whose methods can be chosen, too"] = None,
    host: Annotated[str, "address to listen on; others than this machine reach it at 0.0.0.0"] = "127.0.0.1",
    port: Annotated[int, "port to listen on (8001); 0 takes a free one"] = 8001,
):
    """Serve the page until Ctrl-C."""
    smilers = {}
    for folder in [None, *(model or ())]:
        smiler = load(folder)
        name = smiler.method if folder is None else f"{smiler.method} of {'/'.join(folder.parts[-4:])}"
        if name in smilers:
            raise UserError(f"--model {folder}: there is a {name} already")
        smilers[name] = smiler
    run_server(create_app(Workshop(smilers)), host, port, f"{', '.join(smilers)} loaded", "can generate smiles")
