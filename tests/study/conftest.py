"""A small study, and a real server of it."""

import numpy as np
import pytest
from serving import serving

from cmm.cli import main as cli
from cmm.generation.generated_file import write_generated
from cmm.sequences.smiles_file import read_smiles

FOLD = 1


@pytest.fixture(scope="session")
def study(smiles, tmp_path_factory):
    """A study of three methods on the test fold of the tiny smiles.h5 (three videos): nine pairs."""
    folder = tmp_path_factory.mktemp("study")
    data = read_smiles(smiles, FOLD, held_out=True, arrays=("faces",))
    labels = {"smile": data.smile, "subject": data.subject, "expression": data.expression}
    files, methods = [], ["cmm_net", "video_gan", "cra_net"]
    for i, method in enumerate(methods):
        faces = np.roll(np.asarray(data.faces), i + 1, axis=-1)[:, None]
        files.append(folder / f"{method}.h5")
        write_generated(files[-1], [{"faces": faces}], labels | {"modes": ["conditional"]}, {})
    words = ["prepare_study", "--smiles", smiles, "--generated", *files, "--methods", *methods]
    words += ["--main-method", "cmm_net", "--folds", *[FOLD] * 3, "--dataset", "tiny"]
    words += ["--out", folder / "study", "--side", 64]
    assert cli([str(word) for word in words]) == 0
    return folder / "study"


@pytest.fixture
def server(study, tmp_path):
    with serving(study, tmp_path / "answers.sqlite") as (address, _):
        yield address
