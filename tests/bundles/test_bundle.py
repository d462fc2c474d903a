"""A trained method in one file: packed, read again, used; damaged, strange, of another version."""

import dataclasses
import json
import zipfile
from hashlib import sha256

import numpy as np
import pytest
import yaml
from PIL import Image

import cmm
from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.methods import bundle_file
from cmm.methods.loading import load_bundle, load_inside
from cmm.methods.registry import METHODS, inside_of

INSIDE = next(name for name in METHODS if inside_of(name))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder as that of a run, with the weights inside the package."""
    folder = tmp_path_factory.mktemp("run")
    for stage, file in zip(METHODS[INSIDE].weights, inside_of(INSIDE), strict=True):
        (folder / f"{stage}.safetensors").write_bytes(file.read_bytes())
    return folder


@pytest.fixture
def bundle(run, tmp_path):
    assert cli(["bundle", str(run), "--out", str(tmp_path / "smiles.cmm"), "--licence", "CC BY 4.0"]) == 0
    return tmp_path / "smiles.cmm"


def rewritten(bundle, change, compression=zipfile.ZIP_STORED):
    """A bundle with its members {name: bytes} changed."""
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(bundle, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def recorded(members, **words):
    """Change the record of a bundle's members."""
    record = json.loads(members[bundle_file.RECORD])
    members[bundle_file.RECORD] = json.dumps(record | words).encode()


def test_it_is_used_as_the_weights_it_was_made_of(bundle, tmp_path):
    method, generator = load_bundle(bundle)
    other, inside = load_inside()
    assert method == other
    assert generator.about == inside.about
    face = render_clip(3, "posed", Settings(size=192, fps=12))[0][0]
    one, two = (smiler.smile(face, modes=0, frames=3) for smiler in (cmm.load(bundle), cmm.load()))
    np.testing.assert_array_equal(one["conditional"], two["conditional"])
    Image.fromarray(face).save(tmp_path / "me.png")
    words = ["generate", tmp_path / "me.png", "--model", bundle, "--frames", 3, "--out", tmp_path / "out"]
    assert cli([str(word) for word in words]) == 0
    assert (tmp_path / "out/all.mp4").exists()


def test_weights_inside_the_package_are_the_shipped_ones(monkeypatch):
    load_inside()
    file = inside_of(INSIDE)[0].name
    monkeypatch.setitem(METHODS, INSIDE, dataclasses.replace(METHODS[INSIDE], inside={file: "0" * 64}))
    with pytest.raises(UserError, match=f"{file} is damaged: install cmm again"):
        load_inside()


def test_it_says_what_it_is(bundle, capsys):
    with zipfile.ZipFile(bundle) as archive:
        stages = [f"{stage}.safetensors" for stage in METHODS[INSIDE].weights]
        assert sorted(archive.namelist()) == sorted(["bundle.json", "config.yaml", "MODEL_CARD.md", *stages])
        settings = yaml.safe_load(archive.read("config.yaml"))
        assert settings.keys() == {*METHODS[INSIDE].weights}
    capsys.readouterr()
    assert cli(["bundle", str(bundle)]) == 0
    card = capsys.readouterr().out
    for words in (METHODS[INSIDE].title, "synthetic", "`london`", "CC BY 4.0", "Fold 10 was held out", "Not measured."):
        assert words in card


def test_the_card_has_the_scores_beside_the_run(run, bundle, tmp_path):
    import pandas as pd

    from cmm.bundles.model_card import scores_of
    from cmm.core.tables import write_table
    from cmm.evaluation.score_rows import COLUMNS

    assert scores_of(run) == "Not measured."
    line = {"dataset": "d", "fold": 9, "seed": 1, "method": INSIDE, "smile": "s", "unit": "1", "replicates": None}
    line |= {"expression": "posed", "mode": "conditional", "metric": "ssim"}
    rows = [line | {"subject": f"p{i}", "value": 0.9 + i / 100} for i in range(8)]
    write_table(pd.DataFrame(rows)[COLUMNS], tmp_path / "scores/a.parquet", {})
    assert "0.935 [" in scores_of(tmp_path)
    assert "| first sequence | posed | 8 |" in scores_of(tmp_path)


def test_the_same_run_gives_the_same_weights_and_no_file_is_written_over(run, bundle, tmp_path, capsys):
    assert cli(["bundle", str(run), "--out", str(bundle)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert cli(["bundle", str(run), "--out", str(tmp_path / "smiles.zip")]) == 1
    assert "name a file NAME.cmm" in capsys.readouterr().err
    assert cli(["bundle", str(tmp_path), "--out", str(tmp_path / "b.cmm")]) == 1
    assert "no method's weights" in capsys.readouterr().err
    assert not (tmp_path / "b.cmm").exists()


STAGE = f"{METHODS[INSIDE].weights[0]}.safetensors"


def flipped(members):
    data = bytearray(members[STAGE])
    data[-1] ^= 1
    members[STAGE] = bytes(data)


def unfit(members):
    data = members[STAGE].replace(b"cmm.methods.", b"cmm.mothods.", 1)  # the stage that made them
    assert data != members[STAGE]
    members[STAGE] = data
    digests = json.loads(members["bundle.json"])["sha256"] | {STAGE: sha256(data).hexdigest()}
    recorded(members, sha256=digests, cmm="9.9.9")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (flipped, "is damaged: .* is not what was written"),
        (lambda m: m.pop(STAGE), "no bundle of this project, or is damaged"),
        (lambda m: m.pop("bundle.json"), "no bundle of this project, or is damaged"),
        (
            lambda m: recorded(m, method="other", cmm="9.9.9"),
            "made by cmm 9.9.9, this is .* which has no method 'other'",
        ),
        (lambda m: recorded(m, format="cmm bundle 2"), "of another format, 'cmm bundle 2'"),
        (lambda m: recorded(m, sha256={}, cmm="9.9.9"), f"made by cmm 9.9.9, .*: it holds no {STAGE}"),
        (lambda m: recorded(m, sha256=[]), "its record is not what it should be"),
        (unfit, "made by cmm 9.9.9, this is .*, which it does not fit"),
    ],
)
def test_what_is_wrong_with_it_is_one_line(bundle, change, message):
    rewritten(bundle, change)
    with pytest.raises(UserError, match=message) as error:
        load_bundle(bundle)
    assert "\n" not in str(error.value)


def test_a_packed_member_is_not_read_and_neither_is_what_is_no_archive(bundle, tmp_path):
    rewritten(bundle, lambda members: None, zipfile.ZIP_DEFLATED)
    with pytest.raises(UserError, match="is packed, or too large"):
        load_bundle(bundle)
    (tmp_path / "text.cmm").write_text("no archive")
    with pytest.raises(UserError, match="no bundle of this project"):
        load_bundle(tmp_path / "text.cmm")
    with pytest.raises(UserError, match="does not exist"):
        load_bundle(tmp_path / "none.cmm")
