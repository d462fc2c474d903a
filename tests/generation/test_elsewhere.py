"""Methods that are trained elsewhere: the sequences as files for them, and what they made read back."""

import shutil
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
import pytest

from cmm.core.errors import UserError
from cmm.core.records import read_record
from cmm.core.video import read_image, write_video
from cmm.generation import export_sequences, import_sequences
from cmm.generation.generated_file import read_generated
from cmm.sequences.smiles_file import read_smiles

FOLD = 1


@pytest.fixture
def exported(smiles, tmp_path):
    export_sequences.main(smiles, FOLD, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def made(exported, smiles, tmp_path):
    """A folder of what a method made that knows the originals."""
    (tmp_path / "made").mkdir()
    for name in read_smiles(smiles, FOLD, held_out=True).smile:
        shutil.copy(exported / f"test/{name}.png", tmp_path / "made")
    return tmp_path / "made"


def read(made, smiles, out):
    import_sequences.main(smiles, made, "copycat", FOLD, out)
    return read_generated(out)


def test_those_who_train_and_those_held_out_lie_in_folders_of_their_own(exported, smiles):
    train, test = read_smiles(smiles, FOLD), read_smiles(smiles, FOLD, held_out=True)
    assert {path.stem for path in (exported / "train").iterdir()} == set(train.smile)
    listed = pd.read_csv(exported / "smiles.csv").set_index("smile")
    assert listed["split"].to_dict() == dict.fromkeys(train.smile, "train") | dict.fromkeys(test.smile, "test")
    for split, data in (("train", train), ("test", test)):
        for i, name in enumerate(data.smile):
            strip = read_image(exported / f"{split}/{name}.png")
            np.testing.assert_array_equal(np.stack(np.split(strip, data.faces.shape[1], axis=1)), data.faces[i])
            assert listed.loc[name, "subject"] == data.subject[i]


def test_pictures_that_nobody_can_read_are_not_written(smiles, tmp_path, monkeypatch):
    monkeypatch.setattr(export_sequences, "MOST_SIDE", 4 * 32 - 1)
    with pytest.raises(UserError, match="4 frames of 32 px beside each other are 128 px wide, and at most 127"):
        export_sequences.main(smiles, FOLD, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_who_drives_trains_has_the_expression_and_the_nearest_neutral_face(exported, smiles):
    train, test = read_smiles(smiles, FOLD), read_smiles(smiles, FOLD, held_out=True)
    pairs = pd.read_csv(exported / "pairs.csv")
    assert pairs["source"].tolist() == [f"{name}.png" for name in test.smile]
    lying = {path.name for path in (exported / "test").iterdir()}
    assert lying == set(pairs["source"]) | set(pairs["driving"])
    for i, name in enumerate(pairs["driving"]):
        apart = {
            f"{train.smile[j]}.png": np.mean(np.hypot(*(train.points[j][0] - test.points[i][0]).T))
            for j in range(len(train))
            if train.expression[j] == test.expression[i]
        }
        assert name == min(apart, key=apart.get)


@dataclass
class People:
    """What a driver is chosen by: sequences of one frame whose points all lie `at`."""

    subject: np.ndarray
    expression: np.ndarray
    at: list

    @property
    def points(self):
        return [np.full((1, 68, 2), place, float) for place in self.at]

    def __len__(self):
        return len(self.at)


def test_nobody_drives_themselves_unless_nobody_else_trains():
    train = People(np.array(["a", "b", "c"]), np.array(["posed", "posed", "spontaneous"]), [0, 5, 1])
    for who, expression, driver in (
        ("a", "posed", 1),  # not the nearer smile of their own
        ("d", "posed", 0),
        ("c", "spontaneous", 0),  # nobody else smiles so: the nearest of the others
        ("d", "surprised", 0),
    ):
        test = People(np.array([who]), np.array([expression]), [0.4])
        assert export_sequences.nearest(test, train) == [driver], (who, expression)
    alone = People(np.array(["a"]), np.array(["posed"]), [3])
    assert export_sequences.nearest(People(np.array(["a"]), np.array(["posed"]), [0]), alone) == [0]


def test_what_was_made_is_read_back_as_it_is(made, smiles, tmp_path):
    found, data = read(made, smiles, tmp_path / "generated.h5"), read_smiles(smiles, FOLD, held_out=True)
    assert found.modes == ["conditional"]
    assert found.smile.tolist() == data.smile.tolist()
    for i in range(len(data)):
        np.testing.assert_array_equal(found.faces[i, 0], data.faces[i])
    record = read_record(tmp_path / "generated.h5")
    assert (record["method"], record["fold"]) == ("copycat", FOLD)
    assert len(record["inputs"]) == 1 + len(data)


def test_modes_and_videos_of_another_size_are_read(made, smiles, tmp_path):
    data = read_smiles(smiles, FOLD, held_out=True)
    for i, name in enumerate(data.smile):
        (made / f"{name}.png").unlink()
        (made / name).mkdir()
        large = np.stack([cv2.resize(frame, (64, 64)) for frame in data.faces[i]])
        for mode, frames in (("conditional", large), ("mode_1", large[::-1])):
            write_video(made / name / f"{mode}.mp4", frames, 16)
    found = read(made, smiles, tmp_path / "generated.h5")
    assert found.modes == ["conditional", "1"]
    assert found.faces.shape == (len(data), 2, *data.faces.shape[1:])
    for i in range(len(data)):
        for sequence, frames in zip(found.faces[i], (data.faces[i], data.faces[i][::-1]), strict=True):
            for here, there in zip(sequence, frames, strict=True):
                assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.6, "noise, through a lossy video"


def without(made, name):
    (made / f"{name}.png").unlink()


def twice(made, name):
    write_video(made / f"{name}.mp4", np.zeros((4, 32, 32, 3), np.uint8), 16)


def short(made, name):
    without(made, name)
    write_video(made / f"{name}.mp4", np.zeros((3, 32, 32, 3), np.uint8), 16)


def long(made, name):
    without(made, name)
    write_video(made / f"{name}.mp4", np.zeros((40, 32, 32, 3), np.uint8), 16)


def oblong(made, name):
    cv2.imwrite(str(made / f"{name}.png"), np.zeros((32, 100, 3), np.uint8))


def no_video(made, name):
    without(made, name)
    (made / f"{name}.mp4").write_text("not a video")


def one_with_modes(made, name):
    (made / name).mkdir()
    shutil.move(made / f"{name}.png", made / name / "conditional.png")
    shutil.copy(made / name / "conditional.png", made / name / "mode_1.png")


def both_kinds(made, name):
    (made / name).mkdir()


def gap(made, name):
    one_with_modes(made, name)
    shutil.move(made / name / "mode_1.png", made / name / "mode_2.png")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (both_kinds, "made has a folder and a file of s4: leave one"),
        (gap, "s4: mode_2.png: only conditional, and modes from 1 on without a gap, are read"),
        (without, "made has no s4.mp4 or s4.png"),
        (twice, "made has s4.mp4 and s4.png: leave one"),
        (short, "s4.mp4 has 3 frames of 32 x 32 pixels: 4 square ones are wanted"),
        (long, "s4.mp4 has more than 4 frames"),
        (oblong, "s4.png has 100 x 32 pixels: 4 square frames beside each other are wanted"),
        (no_video, "s4.mp4 cannot be read"),
        (one_with_modes, "s4 has conditional, 1, and s1 conditional"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(made, smiles, tmp_path, harm, message):
    harm(made, "s4")
    with pytest.raises(UserError, match=message):
        read(made, smiles, tmp_path / "generated.h5")
    assert not (tmp_path / "generated.h5").exists()
