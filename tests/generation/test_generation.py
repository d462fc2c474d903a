"""Generation from trained bundles, and from photographs."""

import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from waiting import wait_for

from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.core.pictures import rescaled, resized
from cmm.core.video import probe, read_comment, read_frames, read_image
from cmm.core.weights_file import save_networks
from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.generation.generate_controls import other_people
from cmm.generation.photographs import roll, see
from cmm.generation.render_films import enlarge, side_by_side
from cmm.generation.write_sequence import FORMATS, write_sequence
from cmm.methods.cmm_net.networks import MultiModeLSTM
from cmm.methods.generator import Condition, Neutral
from cmm.methods.loading import load_folder
from cmm.networks.conditional_lstm import ConditionalLSTM
from cmm.networks.image_vae import ImageVAE
from cmm.networks.translation import TranslationUNet


def save_model(folder, size=32, translation_size=32, modes=2):
    """An untrained model: the path through it is the same."""
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    nets = {
        "landmark_vae": ImageVAE(size, 6),
        "conditional_lstm": ConditionalLSTM(6, 8, frames=5),
        "multi_mode_lstm": MultiModeLSTM(6, 8, modes),
    }
    about = {"stage": "cmm.methods.cmm_net.multi_mode_lstm", "expressions": ["posed", "spontaneous"]}
    save_networks(folder / "multi_mode_lstm.safetensors", nets, about)
    about = {"stage": "cmm.methods.cmm_net.translation"}
    save_networks(folder / "translation.safetensors", {"translation": TranslationUNet(translation_size)}, about)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    settings = Settings(people=10, size=192, fps=10)
    one, two = (render_clip(person, "posed", settings)[0][0][..., ::-1] for person in (0, 3))
    cv2.imwrite(str(folder / "one.png"), one)
    cv2.imwrite(str(folder / "two.png"), np.hstack([one, cv2.resize(two, (150, 192))]))
    cv2.imwrite(str(folder / "nobody.png"), np.full((192, 192, 3), 120, np.uint8))
    (folder / "empty.png").touch()
    return folder


def test_shapes_and_determinism(model):
    generator = load_folder("cmm_net", model)
    rng = np.random.default_rng(0)
    landmarks = rng.integers(0, 2, (3, 32, 32), np.uint8)
    faces = rng.integers(0, 255, (3, 32, 32, 3), np.uint8)
    conditions = [Condition(name) for name in ("posed", "spontaneous", "posed")]
    made = generator(Neutral(landmarks, faces, None), conditions)
    assert made.landmarks.shape == (3, 3, 5, 32, 32)
    assert made.faces.shape == (3, 3, 5, 32, 32, 3)
    again = generator(Neutral(landmarks, faces, None), conditions)
    np.testing.assert_array_equal(made.faces, again.faces)


def test_image_sizes_of_the_two_files_must_agree(tmp_path):
    save_model(tmp_path / "m", 32, 64)
    with pytest.raises(UserError, match="is for 32 px"):
        load_folder("cmm_net", tmp_path / "m")


def generate(image, model, out, expression="posed", more=()):
    words = [image, "--expression", expression, "--model", model, "--out", out, *more]
    return cli(["generate", *map(str, words)])


def test_a_photograph_gives_videos_and_a_strip(photos, model, tmp_path):
    out = tmp_path / "out"
    assert generate(photos / "one.png", model, out) == 0
    names = {path.name for path in out.iterdir()}
    assert names == {"conditional.mp4", "mode_1.mp4", "mode_2.mp4", "all.mp4", "strip.png", "neutral.png"}
    info = probe(out / "mode_1.mp4")
    assert (info.frames, info.width, info.height) == (5, 256, 256)


def test_without_a_model_the_weights_inside_smile_at_the_photographs_own_size(photos, tracker, tmp_path):
    photograph = cv2.copyMakeBorder(cv2.imread(str(photos / "one.png")), 20, 51, 30, 61, cv2.BORDER_REPLICATE)
    cv2.imwrite(str(tmp_path / "me.png"), photograph)
    words = ["generate", tmp_path / "me.png", "--frames", 6, "--strength", 1.5]
    assert cli([str(word) for word in [*words, "--out", tmp_path / "a"]]) == 0
    assert (
        cli([str(word) for word in [*words, "--out", tmp_path / "b", "--view", "face", "--expression", "posed"]]) == 0
    )
    assert {path.name for path in (tmp_path / "a").iterdir()} >= {
        "conditional.mp4",
        "mode_3.mp4",
        "all.mp4",
        "strip.png",
    }
    whole, close = (probe(tmp_path / name / "mode_3.mp4") for name in "ab")
    assert (whole.frames, whole.width, whole.height) == (6, photograph.shape[1] // 2 * 2, photograph.shape[0] // 2 * 2)
    assert close.width % 2 == close.height % 2 == 0
    assert close.width < whole.width
    frames = [image for *_, image in read_frames(tmp_path / "a" / "conditional.mp4")]
    edge = np.abs(frames[-1][:15].astype(int) - photograph[:15, : whole.width, ::-1])
    assert edge.mean() < 3, "the background stays"
    assert '"synthetic": true' in read_comment(tmp_path / "a" / "conditional.mp4")
    first, last = (tracker.track(frame).points for frame in (frames[0], frames[-1]))
    width = [np.linalg.norm(points[54] - points[48]) for points in (first, last)]
    assert width[1] > 1.04 * width[0], "the mouth is wider"


def test_a_face_cut_by_the_border_is_refused(photos, tmp_path, capsys):
    face = cv2.imread(str(photos / "one.png"))
    cv2.imwrite(str(tmp_path / "cut.png"), face[:, : face.shape[1] * 5 // 9])
    assert cli(["generate", str(tmp_path / "cut.png"), "--out", str(tmp_path / "out")]) == 1
    assert "is cut by the picture's border" in capsys.readouterr().err


def test_who_smiles_already_is_told_so_or_refused(photos, model, tmp_path, caplog, capsys, monkeypatch):
    monkeypatch.setattr("cmm.generation.photographs.SMILING", -1.0)
    assert generate(photos / "one.png", model, tmp_path / "out") == 0
    assert "smiles already" in caplog.text
    assert generate(photos / "one.png", model, tmp_path / "no", more=["--strict", "true"]) == 1
    assert "smiles already: give one of a neutral face" in capsys.readouterr().err


def test_small_and_turned_faces_are_noted(photos, tracker, caplog):
    picture = read_image(photos / "one.png")
    [face] = see(picture, tracker).faces
    assert see(picture, tracker).notes == []
    assert abs(roll(face.points)) < 20
    for turns, degrees in ((1, -90), (2, 180)):  # np.rot90 turns to the left
        middle = np.array(picture.shape[1::-1]) / 2
        turned = face.points - middle
        for _ in range(turns):
            turned = np.stack([turned[:, 1], -turned[:, 0]], axis=1)
        assert abs((roll(turned + middle) - roll(face.points) - degrees + 180) % 360 - 180) < 1e-3
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    [note] = see(small, tracker).notes
    assert "is small" in note
    assert note in caplog.text


def test_a_name_that_is_no_text_is_refused_at_once(model, tmp_path, capsys):
    path = os.fsdecode(bytes(tmp_path) + b"/\xff.png")
    assert cli(["generate", path, "--out", str(tmp_path / "out")]) == 1
    assert "no UTF-8; rename it" in capsys.readouterr().err


def test_of_two_faces_the_largest_is_taken_saying_so(photos, model, tmp_path, caplog):
    assert generate(photos / "two.png", model, tmp_path / "out") == 0
    assert "shows 2 faces: the largest is taken; --face all takes all" in caplog.text


def test_a_face_is_chosen_by_its_number_from_the_left(photos, model, tmp_path, capsys):
    for name in ("largest", "1", "2"):
        assert generate(photos / "two.png", model, tmp_path / name, more=["--face", name]) == 0
    faces = {name: cv2.imread(str(tmp_path / name / "neutral.png")) for name in ("largest", "1", "2")}
    np.testing.assert_array_equal(faces["1"], faces["largest"])
    assert (faces["2"] != faces["1"]).any()
    for name, message in (
        ("3", "--face 3: "),
        ("0", "--face 0: write largest, all, or a number, counted from the left"),
        ("left", "--face left: write largest"),
        ("all", "--face all: cmm_net gives videos of one face, not of photographs: name a number"),
        ("2 --backend dlib", "--face 2: dlib gives the largest face alone"),
    ):
        assert generate(photos / "two.png", model, tmp_path / "no", more=["--face", *name.split()]) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_everybody_in_a_photograph_smiles(photos, tracker, tmp_path):
    words = ["generate", photos / "two.png", "--face", "all", "--frames", 3, "--strength", 1.5]
    assert cli([*map(str, words), "--out", str(tmp_path / "a")]) == 0
    first, *_, last = [image for *_, image in read_frames(tmp_path / "a" / "conditional.mp4")]
    for before in tracker.track_all(first):
        after = tracker.track(last, before.points)
        width = [np.linalg.norm(points[54] - points[48]) for points in (before.points, after.points)]
        assert width[1] > 1.04 * width[0], "the mouth is wider"
    height = probe(tmp_path / "a" / "all.mp4").height
    assert height == 2 * (24 + 256), "a row a face"
    assert {"neutral_1.png", "neutral_2.png"} <= {path.name for path in (tmp_path / "a").iterdir()}


def test_formats_are_what_they_are_called(tmp_path, rng):
    frames = cv2.blur(rng.integers(0, 255, (64, 48, 15), np.uint8), (5, 5)).reshape(64, 48, 5, 3).transpose(2, 0, 1, 3)
    write_sequence(tmp_path, "a", frames, 10, FORMATS, {"synthetic": True})
    assert probe(tmp_path / "a.mp4").frames == 5
    for kind in ("gif", "webp"):
        with Image.open(tmp_path / f"a.{kind}") as film:
            assert (film.format.lower(), film.n_frames, film.size) == (kind, 5, (48, 64))
            film.seek(4)
            film.load()
            assert film.info["duration"] == 100
            assert np.abs(np.asarray(film.convert("RGB"), int) - frames[4]).mean() < 12
            assert json.loads(film.info.get("comment", film.info.get("xmp")))["synthetic"] is True
    for i, frame in enumerate(frames):
        with Image.open(tmp_path / "a" / f"{i:04d}.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), frame)
            assert json.loads(picture.text["Description"])["synthetic"] is True
    with Image.open(tmp_path / "a.png") as still:
        np.testing.assert_array_equal(np.asarray(still), frames[-1])


def test_a_photograph_gives_the_formats_asked_for(photos, model, tmp_path):
    more = ["--formats", "gif", "still"]
    assert generate(photos / "one.png", model, tmp_path / "out", more=more) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()} - {"strip.png", "neutral.png"}
    assert names == {f"{name}.{kind}" for name in ("conditional", "mode_1", "mode_2", "all") for kind in ("gif", "png")}
    assert generate(photos / "one.png", model, tmp_path / "out", more=[*more, "--overwrite"]) == 0


@pytest.mark.parametrize("modes", [0, 1])
def test_a_photograph_gives_as_many_modes_as_asked_for(photos, model, tmp_path, modes):
    assert generate(photos / "one.png", model, tmp_path / "out", more=["--modes", modes]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()} - {"strip.png", "neutral.png"}
    assert names == {"all.mp4", "conditional.mp4", *[f"mode_{k + 1}.mp4" for k in range(modes)]}


def test_more_modes_than_the_method_has_are_refused(photos, model, tmp_path, capsys):
    assert generate(photos / "one.png", model, tmp_path / "out", more=["--modes", 3]) != 0
    assert "modes 3: cmm_net has 2" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.fixture
def folder(photos, tmp_path):
    """A folder of two photographs that can be used, one that cannot, and something else."""
    album = tmp_path / "album"
    album.mkdir()
    for name, photo in (("ann.png", "one.png"), ("bob.png", "nobody.png"), ("cyd.png", "two.png")):
        shutil.copy(photos / photo, album / name)
    (album / "notes.txt").touch()
    return album


def test_a_folder_gives_a_folder_each_and_a_table_that_says_what_failed(folder, model, tmp_path, capsys, caplog):
    out = tmp_path / "out"
    assert generate(folder, model, out) == 1
    assert f"1 of 3 photographs failed: {out / 'photographs.tsv'} says why" in capsys.readouterr().err
    assert "left out, being no photographs: notes.txt" in caplog.text
    table = pd.read_csv(out / "photographs.tsv", sep="\t")
    assert list(table["photograph"]) == ["ann.png", "bob.png", "cyd.png"]
    assert list(table["status"]) == ["done", "failed", "done"]
    assert "no face found" in table["reason"][1]
    assert table["AU12"].notna().tolist() == [True, False, True]
    assert {path.name for path in out.iterdir() if path.is_dir()} == {"ann", "cyd"}
    assert (out / "ann" / "all.mp4").is_file()


def test_a_photograph_that_failed_and_is_gone_is_forgotten(folder, model, tmp_path):
    out = tmp_path / "out"
    assert generate(folder, model, out) == 1
    (folder / "bob.png").unlink()
    (folder / "cyd.png").unlink()
    assert generate(folder, model, out) == 0
    table = pd.read_csv(out / "photographs.tsv", sep="\t")
    assert list(table["photograph"]) == ["ann.png", "cyd.png"], "what was made is there, and keeps its row"


def test_a_folder_goes_on_where_it_stopped(folder, model, photos, tmp_path, capsys):
    out = tmp_path / "out"
    assert generate(folder, model, out) == 1
    shutil.rmtree(out / "cyd")
    shutil.copy(photos / "one.png", folder / "bob.png")
    before = (out / "ann" / "all.mp4").stat().st_mtime_ns
    assert generate(folder, model, out) == 0
    assert (out / "ann" / "all.mp4").stat().st_mtime_ns == before, "what is done is left alone"
    assert {path.name for path in out.iterdir() if path.is_dir()} == {"ann", "bob", "cyd"}
    assert set(pd.read_csv(out / "photographs.tsv", sep="\t")["status"]) == {"done"}
    assert generate(folder, model, out, "spontaneous") == 1
    assert f"{out} was made differently (condition): name a new folder, or say --overwrite" in capsys.readouterr().err
    (out / "photographs.tsv-metadata.json").write_text("{")
    assert generate(folder, model, out) == 1
    assert "is damaged" in capsys.readouterr().err


def test_a_folder_that_was_killed_goes_on(folder, model, tmp_path):
    out = tmp_path / "out"
    words = ["generate", folder, "--model", model, "--out", out, "--expression", "posed"]
    process = subprocess.Popen([sys.executable, "-m", "cmm", *map(str, words)], stderr=subprocess.DEVNULL)
    wait_for((out / "photographs.tsv").exists, "the first photograph was done", process)
    process.kill()
    process.wait()
    before = (out / "ann" / "all.mp4").stat().st_mtime_ns
    assert generate(folder, model, out) == 1, "one has no face"
    assert (out / "ann" / "all.mp4").stat().st_mtime_ns == before
    names = {"ann", "cyd", "photographs.tsv", "photographs.tsv-metadata.json"}
    assert {path.name for path in out.iterdir()} == names, "nothing is left of what was killed"


def test_what_was_written_before_a_kill_and_is_not_in_the_table_is_made_again(folder, model, tmp_path):
    out = tmp_path / "out"
    assert generate(folder, model, out) == 1
    table = pd.read_csv(out / "photographs.tsv", sep="\t")
    table[table["photograph"] != "cyd.png"].to_csv(out / "photographs.tsv", sep="\t", index=False)
    (folder / "bob.png").unlink()
    assert generate(folder, model, out) == 0, "bob.png failed and is gone: it is forgotten"
    table = pd.read_csv(out / "photographs.tsv", sep="\t").set_index("photograph")["status"]
    assert table.to_dict() == {"ann.png": "done", "cyd.png": "done"}


def test_a_photograph_that_was_replaced_smiles_anew(folder, model, photos, tmp_path, capsys):
    out = tmp_path / "out"
    (folder / "bob.png").unlink()
    assert generate(folder, model, out) == 0
    before = {name: (out / name / "neutral.png").read_bytes() for name in ("ann", "cyd")}
    shutil.copy(photos / "two.png", folder / "ann.png")
    capsys.readouterr()
    assert generate(folder, model, out, more=["--json"]) == 0
    assert (out / "cyd/neutral.png").read_bytes() == before["cyd"]
    assert (out / "ann/neutral.png").read_bytes() != before["ann"]
    told = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert {row["photograph"]: row["status"] for row in told["photographs"]} == {"ann.png": "done", "cyd.png": "done"}


def test_json_tells_of_a_folder_what_failed(folder, model, tmp_path, capsys):
    assert generate(folder, model, tmp_path / "out", more=["--json"]) == 1
    rows = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["photographs"]
    assert [row["status"] for row in rows] == ["done", "failed", "done"]


def test_of_all_faces_one_that_is_cut_is_left_as_it_is(photos, tracker, tmp_path, caplog):
    both = cv2.imread(str(photos / "two.png"))
    cv2.imwrite(str(tmp_path / "cut.png"), both[:, 75:])  # half of the first face
    seen = see(tmp_path / "cut.png", tracker, "all")
    assert seen.numbers == [2]
    assert "face 1" in caplog.text
    assert "is cut by the picture's border" in caplog.text


def test_a_picture_in_whose_smiles_no_face_is_found_is_doubted(photos, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("cmm.generation.generate.tracked", lambda tracker, frame: None)
    words = ["generate", photos / "one.png", "--frames", 3, "--modes", 0, "--out", tmp_path / "out"]
    assert cli([*map(str, words)]) == 0
    assert f"no face is found in the smiles of {photos / 'one.png'}: is the photograph upright?" in caplog.text


def test_folders_that_cannot_be_used_are_one_line(folder, model, tmp_path, capsys):
    (tmp_path / "none").mkdir()
    assert generate(tmp_path / "none", model, tmp_path / "out") == 1
    assert "none holds no photograph" in capsys.readouterr().err
    shutil.copy(folder / "ann.png", folder / "ann.jpg")
    assert generate(folder, model, tmp_path / "out") == 1
    assert "has ann.jpg and ann.png: rename one" in capsys.readouterr().err
    (folder / "ann.jpg").unlink()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    assert generate(folder, model, tmp_path / "out") == 1
    assert "exists already and has no photographs.tsv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("nobody.png", "no face found in"),
        ("empty.png", "cannot be read: it is empty or damaged"),
        ("none.png", "does not exist"),
    ],
)
def test_bad_photographs_are_one_line(photos, model, tmp_path, capsys, image, message):
    assert generate(photos / image, model, tmp_path / "out") == 1
    err = capsys.readouterr().err
    assert message in err
    assert image in err
    assert len([line for line in err.splitlines() if "error:" in line]) == 1
    assert list(tmp_path.iterdir()) == [], "nothing half-written"


def test_bad_models_places_and_labels_are_one_line(photos, model, tmp_path, capsys):
    image = photos / "one.png"
    bad = tmp_path / "bad"
    bad.mkdir()
    for name in ("multi_mode_lstm", "translation"):
        save_file({"a": torch.zeros(1)}, bad / f"{name}.safetensors")
    blocker = tmp_path / "blocker"
    blocker.touch()
    assert generate(image, bad, tmp_path / "out") == 1
    assert "not of this project" in capsys.readouterr().err
    assert generate(image, tmp_path / "none", tmp_path / "out") == 1
    assert "is no folder" in capsys.readouterr().err
    assert generate(image, model, blocker / "out") == 1
    assert "cannot write" in capsys.readouterr().err
    assert generate(image, model, tmp_path / "out", "happy") == 1
    assert "cmm_net has not learned 'happy': it has learned posed, spontaneous" in capsys.readouterr().err
    for more, message in (
        (["--strength", "0.6"], "cmm_net knows no strength: it is told expression"),
        (["--frames", "48"], "cmm_net knows no frames"),
        (["--au", "AU12=4"], "cmm_net knows no action_units"),
        (["--strength", "3"], "condition: strength 3.0 is not between 0.0 and 1.5"),
        (["--au", "AU12=9"], "condition: AU12 9.0 is not between 0.0 and 5.0"),
        (["--au", "AU4=1"], "condition: no action unit 'AU4': choose AU6, AU12"),
        (["--au", "much"], "--au much: write a name and an intensity, as AU12=4"),
    ):
        assert generate(image, model, tmp_path / "out", more=more) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert generate(image, model, bad) == 1
    assert "exists already" in capsys.readouterr().err


def test_films_have_even_sides_and_a_column_a_sequence():
    faces = [np.zeros((4, 32, 32, 3), np.uint8)] * 3
    drawn = [np.zeros((4, 32, 32), np.uint8)] * 3
    film = side_by_side(["a", "b", "c"], faces, drawn, 65)
    assert film.shape == (4, 24 + 64 + 64, 3 * 64, 3)
    assert enlarge(drawn[0], 64).shape == (4, 64, 64, 3)
    assert side_by_side(["a", "b", "c"], faces, None, 64).shape == (4, 24 + 64, 3 * 64, 3), "a method without landmarks"


def test_the_other_person_is_the_next_one_of_the_same_expression():
    subject = np.array(["a", "a", "b", "b", "c"])
    expression = np.array(["posed", "spontaneous", "posed", "spontaneous", "posed"])
    np.testing.assert_array_equal(other_people(subject, expression), [2, 3, 4, 1, 0])
    assert other_people(np.array(["a", "a"]), np.array(["posed", "posed"])) is None


@pytest.mark.parametrize("size", [32, 256])
def test_points_go_where_their_pixels_go_when_pictures_are_resized(size):
    picture = np.zeros((1, 64, 64), np.uint8)
    picture[0, 28:32, 20:24] = 255  # its middle is at (21.5, 29.5)
    moved = resized(picture, size)[0].astype(float)
    across, down = (moved.sum(axis=axis) for axis in (0, 1))
    middle = [np.average(np.arange(size), weights=weights) for weights in (across, down)]
    found = rescaled(np.array([[21.5, 29.5, 3.0]], np.float32), size / 64)
    np.testing.assert_allclose(found, [[*middle, 3 * size / 64]], atol=0.01)
