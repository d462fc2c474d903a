"""Whether a generated video shows the expression that was asked for, as the classifier reads it."""

import logging
from pathlib import Path
from typing import Annotated

from cmm.evaluation.score_rows import ScoringRun
from cmm.evaluation.train_expression_classifier import load_classifier

log = logging.getLogger("cmm")


def main(
    run: ScoringRun,
    classifier: Annotated[Path, "the trained classifier"],
):
    """Read every test video: 1 where it shows its expression, else 0; no row without a classifier."""
    made, _, rows = run.read()
    read = load_classifier(classifier)
    if read is None:
        log.warning("%s tells nothing apart: the data have one expression alone", classifier)
    else:
        for i, faces in enumerate(made.faces):
            for mode, seen in zip(made.modes, read(faces), strict=True):
                rows.video(i, mode, expression_accuracy=float(seen == made.expression[i]))
    rows.write(run.out, run.about(__name__, None, classifier))
