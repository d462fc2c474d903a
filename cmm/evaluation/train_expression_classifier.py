"""A small classifier of expressions, trained on the real sequences of the other folds.

Logistic regression on how grey a face's cells turn from frame to frame. It sees motion, not
the person. Its accuracy on people it has not seen is in the log, and in the scores as that of the originals.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from sklearn.linear_model import LogisticRegression

from cmm.core.errors import UserError, reason
from cmm.core.files import atomic
from cmm.core.provenance import provenance
from cmm.core.settings import setting
from cmm.sequences.smiles_file import read_smiles

log = logging.getLogger("cmm")
CELLS = 8  # across a face and down
FORMAT = "cmm-net expression classifier 2"


@dataclass(frozen=True)
class Settings:
    penalty: float = setting(0.1, "C of the logistic regression", minimum=1e-6)
    sequences_drawn: int = setting(5000, "sequences that are learned from at most", minimum=2)


def main(
    smiles: Annotated[Path, "smiles.h5"],
    fold: Annotated[int, "fold that is kept for the test"],
    out: Annotated[Path, "classifier to write (safetensors)"],
    settings: Settings,
):
    """Train on all folds but one."""
    drawn = {"most": settings.sequences_drawn, "random": np.random.default_rng(fold)}
    data = read_smiles(smiles, fold, arrays=("faces",), **drawn)
    about = provenance(__name__, settings, [smiles], fold=fold)
    seen = both_ways(data.faces)
    classifier = train(seen, data.expression, settings.penalty)
    if classifier is None:
        log.warning("%s has one expression alone outside of fold %d: nothing to tell apart", smiles, fold)
    else:
        said = cross_validated(seen, data, settings.penalty)
        log.info("cross-validated over people: %.2f of %d sequences read as they are", said, len(data))
    save_classifier(out, classifier, about)


@dataclass(frozen=True)
class Classifier:
    """A linear rule: the expression whose row of the weights (k, d) and bias (k,) gives the highest score."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    expressions: tuple

    def __call__(self, faces):
        """Names of the expressions of sequences (n, t, s, s, 3) uint8 RGB."""
        found = features(faces)
        if found.shape[1] != self.weights.shape[1]:
            raise UserError(f"the expression classifier is for other sequences than those of {faces.shape[1]} frames")
        return self.read(found)

    def read(self, found):
        """Names of the expressions of `features` (n, d)."""
        scores = (found - self.mean) / self.scale @ self.weights.T + self.bias
        return [self.expressions[best] for best in scores.argmax(axis=1)]


def features(faces):
    """Changes of the cells' grey level from frame to frame, (n, (t - 1) 64) float, of n sequences (t, s, s, 3)."""
    cells = np.array([[_cells(frame) for frame in sequence] for sequence in faces])
    return np.diff(cells, axis=1).reshape(len(cells), -1)


def both_ways(faces):
    """Features (2, n, d) of sequences (n, t, s, s, 3) as they are and mirrored."""
    return np.stack([features(faces), features(sequence[:, :, ::-1] for sequence in faces)])


def _cells(frame):
    return cv2.resize(frame.astype(np.float32).mean(axis=2), (CELLS, CELLS), interpolation=cv2.INTER_AREA)


def train(seen, expression, penalty):
    """Classifier from features (2, n, d) of `both_ways` and the expressions' names; None if they have one alone."""
    names = tuple(sorted(set(expression)))
    if len(names) < 2:
        return None
    both = np.concatenate(seen)
    mean, scale = both.mean(axis=0), np.maximum(both.std(axis=0), 1e-6)
    known = np.tile([names.index(name) for name in expression], 2)
    fitted = LogisticRegression(C=penalty, max_iter=5000).fit((both - mean) / scale, known)
    weights, bias = fitted.coef_, fitted.intercept_
    if len(names) == 2:  # one row, of the second expression's score over the first's
        weights, bias = np.concatenate([0 * weights, weights]), np.concatenate([0 * bias, bias])
    return Classifier(mean, scale, weights, bias, names)


def cross_validated(seen, data, penalty):
    """Share of the sequences of `data`, with their features, that a classifier of the other folds reads rightly."""
    right = []
    for fold in np.unique(data.fold):
        held = data.fold == fold
        classifier = train(seen[:, ~held], data.expression[~held], penalty)
        right += [] if classifier is None else list(np.array(classifier.read(seen[0, held])) == data.expression[held])
    return float(np.mean(right)) if right else float("nan")


def save_classifier(path, classifier, about):
    """Write a classifier, or that there is none."""
    arrays = {} if classifier is None else {n: getattr(classifier, n) for n in ("mean", "scale", "weights", "bias")}
    names = [] if classifier is None else list(classifier.expressions)
    metadata = {"format": FORMAT, "expressions": json.dumps(names), "about": json.dumps(about)}
    with atomic(path) as partial:
        partial.write_bytes(save(arrays, metadata))


def load_classifier(path):
    """The Classifier of a file, None if there was nothing to tell apart; UserError if it is not ours."""
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise UserError(f"{path} is no expression classifier of this project")
            names = tuple(json.loads(metadata["expressions"]))
            if not names:
                return None
            return Classifier(*(file.get_tensor(n) for n in ("mean", "scale", "weights", "bias")), names)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UserError(f"{path} is no expression classifier ({reason(error)})") from error
