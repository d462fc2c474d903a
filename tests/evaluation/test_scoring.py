"""The stages that score, on rendered faces: the evaluation's own check, with controls whose scores are known."""

import json
import re

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax

from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.core.pretrained import find_weights
from cmm.core.tables import read_table
from cmm.core.video import read_comment, read_frames
from cmm.evaluation import image_networks
from cmm.evaluation.image_networks import efficientnet_lite0
from cmm.evaluation.image_networks.inception_layers import InceptionV3
from cmm.evaluation.train_expression_classifier import load_classifier, save_classifier
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS
from cmm.generation.generated_file import read_generated, write_generated
from cmm.sequences.smiles_file import read_smiles

NET = "efficientnet_lite0"


def run(*words):
    return cli([str(word) for word in words])


def score(people, generated, folder, method="controls", seed=0):
    """All families of scores of a generated.h5: {(mode, expression, metric): mean value}, and the rows."""
    smiles = ["--smiles", people.smiles]
    words = [*smiles, "--generated", generated, "--dataset", "actors", "--method", method, "--fold", people.fold]
    words += ["--seed", seed]
    classifier = folder / "classifier.safetensors"
    assert run("train_expression_classifier", *smiles, "--fold", people.fold, "--out", classifier) == 0
    files = {name: folder / f"{name}.parquet" for name in ("pictures", "motion", "identity", "expression")}
    assert run("measure_pictures", *words, "--out", files["pictures"], "--network", NET) == 0
    assert run("measure_motion", *words, "--out", files["motion"], "--curves", folder / "curves.parquet") == 0
    assert run("measure_identity", *words, "--out", files["identity"]) == 0
    assert run("measure_expression", *words, "--out", files["expression"], "--classifier", classifier) == 0
    rows = [row for path in files.values() for row in read_table(path).to_dict("records")]
    means = {}
    for row in rows:
        means.setdefault((row["mode"], row["expression"], row["metric"]), []).append(row["value"])
    return {key: np.nanmean(values) for key, values in means.items() if not np.isnan(values).all()}, rows


@pytest.fixture(scope="module")
def controls(people, tmp_path_factory):
    folder = tmp_path_factory.mktemp("controls")
    words = ["--smiles", people.smiles, "--fold", people.fold, "--out", folder / "generated.h5"]
    assert run("generate_controls", *words) == 0
    return score(people, folder / "generated.h5", folder)


@pytest.fixture(scope="module")
def read_back(people, tracker, tmp_path_factory):
    """(words of measure_motion for the controls, folder of CSV files) after another program has seen their videos."""
    folder = tmp_path_factory.mktemp("read_back")
    words = ["--smiles", people.smiles, "--fold", people.fold]
    assert run("generate_controls", *words, "--out", folder / "generated.h5") == 0
    films = ["--films", folder / "films", "--sequences", folder / "sequences"]
    assert run("render_films", *words, "--generated", folder / "generated.h5", *films) == 0
    for video in (folder / "sequences").rglob("*.mp4"):
        rows = []
        for number, time, image in read_frames(video):
            face = tracker.track(image)
            units = {f"AU{unit}_r": 5 * face.measures[f"AU{unit}_proxy"] for unit in ("06", "12", "45")}
            points = dict(zip(X_COLUMNS + Y_COLUMNS, face.points.T.ravel(), strict=True))
            row = {"frame": number + 1, "timestamp": time, "confidence": 0.98, "success": 1} | units | points
            rows.append(row)
        table = folder / "csv/actors/fold10/controls/seed0" / video.parent.name / f"{video.stem}.csv"
        table.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(table, index=False)
    words += ["--generated", folder / "generated.h5", "--dataset", "actors", "--method", "controls", "--seed", 0]
    words += ["--sequences", folder / "sequences", "--backend", "openface", "--openface", folder / "csv"]
    return words, folder


def test_another_programs_files_judge_the_videos_that_were_written(read_back, controls, tmp_path):
    words = read_back[0]
    assert run("measure_motion", *words, "--out", tmp_path / "motion.parquet", "--curves", tmp_path / "c.parquet") == 0
    rows = read_table(tmp_path / "motion.parquet")
    means = rows.groupby(["mode", "expression", "metric"])["value"].mean()
    for expression in ("posed", "spontaneous"):
        assert means["original", expression, "au12_curve_distance"] == pytest.approx(0, abs=1e-6)
        ours = controls[0]["original", expression, "au12_at_end"]
        assert means["original", expression, "au12_at_end"] == pytest.approx(ours, abs=0.15), "same faces, compressed"
        assert means["neutral_frame", expression, "au12_at_end"] < 0.15


def test_videos_say_that_they_are_synthetic_but_those_of_originals(read_back):
    videos = list((read_back[1] / "sequences").rglob("*.mp4")) + list((read_back[1] / "films").glob("*.mp4"))
    says_so = {video: json.loads(read_comment(video)).get("synthetic", False) for video in videos}
    assert {video.stem for video, so in says_so.items() if not so} == {"original"}


@pytest.mark.parametrize("short", [False, True])
def test_a_missing_or_short_file_of_another_program_is_named(read_back, short, tmp_path, capsys):
    words, folder = read_back
    csv, *others = sorted((folder / "csv").rglob("neutral_frame.csv"))
    texts = {path: path.read_text() for path in (csv, *others)}
    for path in (csv, *others[1:]):  # one other is left, of the same name: it is not taken
        path.unlink()
    if short:
        csv.write_text("".join(texts[csv].splitlines(keepends=True)[:-1]))
    try:
        out = tmp_path / "motion.parquet"
        assert run("measure_motion", *words, "--out", out, "--curves", tmp_path / "c.parquet") != 0
    finally:
        for path, text in texts.items():
            path.write_text(text)
    assert re.search(rf"{csv.parent.name}/neutral_frame.mp4: .*let FeatureExtraction read", capsys.readouterr().err)
    assert not out.exists()


EQUAL = {"ssim": 1, "ssim_mouth": 1, "ssim_eyes_apex": 1, f"perceptual_mouth_apex_{NET}": 0, f"fid_{NET}": 0}
EQUAL |= {f"frechet_video_distance_{NET}": 0}
EQUAL |= {"au6_curve_distance": 0, "au12_curve_distance": 0, "au12_curve_correlation": 1, "landmark_error": 0}
EQUAL |= {"au6_video_distance": 0, "au12_video_distance": 0}
EQUAL |= {f"inception_score_difference_{NET}": 0, "psnr": float("inf"), "tracked": 1}


@pytest.mark.parametrize("expression", ["posed", "spontaneous"])
def test_originals_against_themselves(controls, expression):
    means, _ = controls
    for metric, value in EQUAL.items():
        assert means["original", expression, metric] == pytest.approx(value, abs=1e-6), metric


@pytest.mark.parametrize("expression", ["posed", "spontaneous"])
def test_a_frozen_face_looks_right_and_does_nothing(controls, expression):
    still, original = (
        {
            metric: controls[0].get((mode, expression, metric))
            for metric in (*EQUAL, "au12_at_end", "temporal_roughness")
        }
        for mode in ("neutral_frame", "original")
    )
    assert still["ssim"] > 0.8
    assert controls[0]["neutral_frame", expression, "ssim_mouth_apex"] < 0.6
    assert still["au12_video_distance"] >= still["au12_curve_distance"] > 1, "a mean curve hides what people differ in"
    assert original["au12_at_end"] > 0.5 > still["au12_at_end"] + 0.4
    assert still["temporal_roughness"] == 0 < original["temporal_roughness"]


@pytest.mark.parametrize("expression", ["posed", "spontaneous"])
def test_another_person_is_another_person(controls, expression):
    means, _ = controls
    own = means["original", expression, "identity_distance_dlib_resnet"]
    assert means["other_person", expression, "identity_distance_dlib_resnet"] > own + 0.15
    assert means["other_person", expression, "ssim"] < means["neutral_frame", expression, "ssim"]
    assert means["other_person", expression, "au12_at_end"] > 0.5, "who smiles all the same"
    assert ("other_person", expression, f"fid_{NET}") not in means, "the originals in another order would be perfect"


def test_scores_of_sets_have_replicates_and_no_person(controls):
    for row in controls[1]:
        is_set = row["metric"].startswith(("fid", "inception", "frechet", "au6_curve", "au12_curve"))
        assert is_set == (row["replicates"] is not None) == (row["smile"] == "")


def test_noise_nobody_sees_is_the_floor(controls):
    assert 0 < controls[0]["original", "posed", "tracker_noise"] < 0.02


def test_a_lost_face_is_counted_and_the_others_are_scored(people, tmp_path, caplog):
    data = read_smiles(people.smiles, people.fold, held_out=True)
    faces = np.array(data.faces)
    faces[0], faces[1, 3:5] = 90, 90  # nobody; nobody for two frames
    labels = {"smile": data.smile, "subject": data.subject, "expression": data.expression}
    write_generated(tmp_path / "g.h5", [{"faces": faces[:, None]}], labels | {"modes": ["conditional"]}, {})
    means, rows = score(people, tmp_path / "g.h5", tmp_path, "cra_net", 1)
    tracked = [row["value"] for row in rows if row["metric"] == "tracked"]
    assert tracked == [0, 0.75, 1, 1, 1, 1]
    assert "p0_posed, cra_net conditional: the tracker found 0%" in caplog.text
    errors = {row["smile"]: row["value"] for row in rows if row["metric"] == "landmark_error"}
    assert np.isnan(errors["p0_posed"])
    assert errors["p0_spontaneous"] == pytest.approx(0, abs=1e-6), "of the frames that were found"
    assert means["conditional", "posed", "au12_curve_distance"] == pytest.approx(0, abs=1e-6), "of the other videos"
    assert means["conditional", "spontaneous", "au12_curve_distance"] > 0, "two frames are bridged"
    assert all(row["method"] == "cra_net" for row in rows)


def test_the_classifier_reads_real_videos_and_survives_its_file(people, tmp_path, capsys):
    path = tmp_path / "c.safetensors"
    assert run("train_expression_classifier", "--smiles", people.smiles, "--fold", people.fold, "--out", path) == 0
    classifier, data = load_classifier(path), read_smiles(people.smiles, people.fold)
    assert classifier(data.faces) == data.expression.tolist()
    assert classifier(np.asarray(data.faces)[:, :, :, ::-1]) == data.expression.tolist(), "mirrored"
    with pytest.raises(UserError, match="of 4 frames"):
        classifier(data.faces[:, :4])
    save_classifier(path, None, {})
    assert load_classifier(path) is None
    path.write_bytes(b"nothing")
    with pytest.raises(UserError, match="no expression classifier"):
        load_classifier(path)


def test_an_empty_test_fold_is_one_line(people, tmp_path, capsys):
    words = ["--smiles", people.smiles, "--fold", 7, "--out", tmp_path / "g.h5"]
    assert run("generate_controls", *words) == 1
    assert "has no sequence in fold 7: it has folds [1, 10]" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_network_that_would_see_one_frame_is_one_line(people, tmp_path, capsys):
    words = ["--smiles", people.smiles, "--fold", people.fold, "--out", tmp_path / "g.h5"]
    assert run("generate_controls", *words) == 0
    words = ["--smiles", people.smiles, "--generated", tmp_path / "g.h5", "--dataset", "a", "--method", "controls"]
    words += ["--fold", people.fold, "--seed", 0, "--out", tmp_path / "s.parquet", "--network", NET]
    assert run("measure_pictures", *words, "--frame-step", 8) == 1
    assert "--frame-step 8: of 8 frames the network" in capsys.readouterr().err
    assert not (tmp_path / "s.parquet").exists()


def test_a_file_of_other_videos_is_one_line(people, smiles, tmp_path, capsys):
    assert run("generate_controls", "--smiles", smiles, "--fold", 1, "--out", tmp_path / "g.h5") == 0
    words = ["--generated", tmp_path / "g.h5", "--dataset", "a", "--method", "m", "--fold", 10, "--seed", 1]
    assert run("measure_identity", "--smiles", people.smiles, *words, "--out", tmp_path / "s.parquet") == 1
    assert "was not made from fold 10" in capsys.readouterr().err
    data = read_smiles(people.smiles, people.fold, held_out=True, arrays=("faces",))
    labels = {"smile": data.smile, "subject": data.subject, "expression": data.expression}
    write_generated(tmp_path / "g.h5", [{"faces": data.faces[:, 1:][:, None]}], labels | {"modes": ["conditional"]}, {})
    assert run("measure_identity", "--smiles", people.smiles, *words, "--out", tmp_path / "s.parquet") == 1
    assert "was not made from fold 10" in capsys.readouterr().err, "one frame less"
    with h5py.File(tmp_path / "g.h5", "a") as file:
        del file["faces"]
    with pytest.raises(UserError, match="has no faces: delete it"):
        read_generated(tmp_path / "g.h5")


def test_the_embedded_network_gives_what_its_package_gives(people):
    faces = read_smiles(people.smiles, people.fold).faces[0]
    network = image_networks.load(NET)
    features, probabilities = network.describe(faces)
    assert features.shape == (len(faces), 1280)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    with torch.inference_mode():
        logits = network.network(efficientnet_lite0._prepare(faces))
    np.testing.assert_allclose(probabilities, logits.softmax(dim=1).numpy(), atol=1e-5)
    layers = network.layers(faces[0])
    assert [layer.shape[0] for layer in layers] == [16, 24, 40, 112, 320]


def test_inception_is_taken_where_its_weights_are_and_never_under_another_name(people, tmp_path, monkeypatch):
    """An untrained network under the real file's name and with the real parameters' names; the checksum is ours."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert image_networks.load("auto").name == NET
    folder = tmp_path / "hub/checkpoints"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    network = InceptionV3()
    torch.nn.init.normal_(network.fc.bias)
    assert sum(p.numel() for p in network.parameters()) == 23_834_568 + 8 * 2049, "torchvision's, with 1008 classes"
    torch.save(network.state_dict(), folder / "pt_inception-2015-12-05-6726825d.pth")
    with pytest.raises(UserError, match="has the wrong sha256"):
        image_networks.load("auto")
    monkeypatch.setattr("cmm.core.pretrained.file_digest", lambda path: "6726825d")
    found = image_networks.load("auto")
    assert found.name == "inception_v3"
    features, probabilities = found.describe(read_smiles(people.smiles, people.fold).faces[0, :2])
    assert features.shape == (2, 2048)
    unbiased = features @ network.fc.weight.detach().numpy().T
    np.testing.assert_allclose(probabilities, softmax(unbiased, axis=1), rtol=1e-4)
    assert probabilities.shape == (2, 1008)
    assert [layer.shape[0] for layer in found.layers(np.zeros((64, 64, 3), np.uint8))] == [64, 192, 288, 768, 2048]


def test_embedded_weights_are_those_that_we_know():
    for name in (NET, "face_recognition"):
        assert find_weights(name).is_file()
