"""Pack a trained method into one file, smiles.cmm: weights, settings, and a model card for people.

`cmm generate me.jpg --model smiles.cmm` uses it, and so do cmm.load("smiles.cmm") and the page. Nothing in it is
executed or unpickled. `cmm bundle smiles.cmm` prints the card of one that is there.
"""

import logging
from pathlib import Path
from typing import Annotated

import yaml

from cmm.bundles.model_card import card_of
from cmm.core.errors import UserError
from cmm.core.provenance import provenance
from cmm.core.weights_file import about_of
from cmm.methods.bundle_file import CARD, CONFIG, SUFFIX, read_card, write_bundle
from cmm.methods.loading import load
from cmm.methods.registry import METHODS, declaration_of, method_in

log = logging.getLogger("cmm")
EXAMPLES = (
    "cmm bundle results/actors/fold10/METHOD/seed1 --out smiles.cmm",
    "cmm bundle smiles.cmm                  # print its card",
    "cmm generate me.jpg --model smiles.cmm",
)


def main(
    run: Annotated[Path, "folder of a run, with its weights; or a bundle, whose card is printed", "positional"],
    out: Annotated[Path | None, f"file to write, NAME{SUFFIX}"] = None,
    method: Annotated[str | None, "method that the weights are of; found out where one method's lie there"] = None,
    licence: Annotated[str | None, "under which the weights may be used, for the card"] = None,
):
    """Write a bundle, or print the card of one."""
    if run.is_file() and out is None:
        print(read_card(run))
        return
    if out is None or out.suffix != SUFFIX:
        raise UserError(f"--out {out or 'is missing'}: name a file NAME{SUFFIX}")
    if out.exists():
        raise UserError(f"{out} exists already: name a new file")
    method = method or method_in(run)
    if method not in METHODS:
        raise UserError(f"no method {method!r}: choose {', '.join(METHODS)}")
    weights = {stage: run / f"{stage}.safetensors" for stage in declaration_of(method).weights}
    generator = load(method, [*weights.values()])  # what does not load is not packed
    records = {stage: about_of(path) for stage, path in weights.items()}
    settings = {stage: record["settings"] for stage, record in records.items()}
    texts = {CONFIG: yaml.safe_dump(settings, sort_keys=False), CARD: card_of(run, method, generator, records, licence)}
    write_bundle(out, method, weights, texts, provenance(__name__, None, [*weights.values()], models=records))
    log.info("wrote %s, %.1f MB: cmm generate me.jpg --model %s", out, out.stat().st_size / 2**20, out)
