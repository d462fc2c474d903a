import shutil

import pytest

import cmm.core.provenance as provenance_module
from cmm.core.provenance import ROOT, code_hash


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The package in a folder where it can be edited."""
    shutil.copytree(ROOT / "cmm", tmp_path / "cmm", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance_module, "ROOT", tmp_path)
    forget()
    yield tmp_path / "cmm"
    forget()


def forget():
    code_hash.cache_clear()
    provenance_module._meaning.cache_clear()


def edited(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    forget()


def test_comments_and_layout_do_not_count(copy):
    before = code_hash("cmm.sequences.find_smiles")
    edited(copy / "sequences/find_smiles.py", "import logging\n", "import logging  # a comment\n\n\n")
    edited(copy / "sequences/find_smiles.py", "Find the neutral-to-smile", "Look for the neutral-to-smile")
    assert code_hash("cmm.sequences.find_smiles") == before


def test_an_edit_counts_for_every_stage_that_imports_it_and_no_other(copy):
    stages = (
        "cmm.sequences.draw_rasters",
        "cmm.methods.cmm_net.landmark_vae",
        "cmm.sequences.find_smiles",
        "cmm.sequences.measure_tracks",
    )
    before = [code_hash(name) for name in stages]
    edited(copy / "networks/image_vae.py", "WIDTHS = (64,", "WIDTHS = (65,")
    edited(copy / "faces/alignment.py", "(0.33, 0.34)", "(0.32, 0.34)")
    edited(copy / "faces/trackers/mediapipe_tracker.py", "MOST_FACES = 4", "MOST_FACES = 5")
    changed = [code_hash(name) != old for name, old in zip(stages, before, strict=True)]
    assert changed == [True, True, False, False], "tracks load a backend by name: the rule adds its hash"


def test_a_release_is_no_change(copy):
    before = code_hash("cmm.sequences.find_smiles")
    edited(copy / "__init__.py", "0.2.0", "9.9.9")
    assert code_hash("cmm.sequences.find_smiles") == before
