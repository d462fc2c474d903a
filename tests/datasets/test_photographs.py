"""Smiles made of photographs: the morph's geometry, its seams, and videos of people."""

import cv2
import numpy as np
import pytest

from cmm.core.errors import UserError
from cmm.core.tables import read_table
from cmm.core.video import probe
from cmm.datasets import index_videos
from cmm.datasets.actors import make_actors
from cmm.datasets.photographs import animate_photographs
from cmm.datasets.photographs.morph import Amounts, _regions
from cmm.faces.mesh import EYE_CORNERS
from cmm.faces.triangles import draw_triangles, interpolate

SETTINGS = make_actors.Settings(people=10, size=256, fps=12)
SMALL = animate_photographs.Settings(size=128, fps=10)


@pytest.fixture(scope="module", autouse=True)
def closed():
    """The tracker is freed at the end: mediapipe complains of one that outlives its threads."""
    yield
    animate_photographs.close_tracker()


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Two people's neutral and smiling pictures, laid out as the London set; the second's smile shows no face."""
    root = tmp_path_factory.mktemp("photographs")
    for folder in ("neutral_front", "smiling_front"):
        (root / folder).mkdir()
    for person in range(2):
        frames, act = make_actors.render_clip(person, "spontaneous", SETTINGS)
        pictures = {"neutral_front": frames[0], "smiling_front": frames[int(np.argmax(act.au12))]}
        if person == 1:
            pictures["smiling_front"] = np.full_like(frames[0], 120)
        for (folder, picture), view in zip(pictures.items(), ("03", "08"), strict=True):
            cv2.imwrite(str(root / f"{folder}/00{person + 1}_{view}.jpg"), picture[..., ::-1])
    cv2.imwrite(str(root / "neutral_front/009_03.jpg"), frames[0][..., ::-1])
    (root / "neutral_front/notes.txt").touch()
    return root


@pytest.fixture(scope="module")
def morph(photographs):
    return animate_photographs._morph(*animate_photographs.find_pairs(photographs)["001"], 128)


NEUTRAL, SMILING = Amounts(0, 0, 0, 0), Amounts(1, 1, 1, 1)


def test_nothing_moves_at_zero(morph):
    assert np.abs(morph.frame(NEUTRAL).astype(int) - morph.neutral).mean() < 1.0


def test_at_one_the_face_is_the_smiling_photographs(morph):
    """Away from the seam the picture is the smiling one, moved by a similarity."""
    x, y = np.round(morph.end[[13, 14, 61, 291, 1]].mean(axis=0)).astype(int)
    there = slice(y - 8, y + 8), slice(x - 12, x + 12)
    made = morph.frame(SMILING)[there].astype(int)
    assert np.abs(made - morph.smiling[there]).mean() < 6
    assert np.abs(made - morph.neutral[there]).mean() > 12


def test_hair_and_background_hold_still(morph):
    x, y, width, height = morph.box
    made = morph.frame(SMILING)
    made[y : y + height, x : x + width] = 0
    still = morph.neutral.copy()
    still[y : y + height, x : x + width] = 0
    np.testing.assert_array_equal(made, still)
    edge = morph.frame(SMILING)[y : y + height, x : x + width][:2].astype(int)
    assert np.abs(edge - morph.neutral[y : y + 2, x : x + width]).mean() < 2, "no step where the box ends"


def test_each_part_of_the_face_smiles_in_its_time(morph):
    mouth = morph._amount_of_points(Amounts(1, 1, 0, 0))
    eyes = morph._amount_of_points(Amounts(0, 0, 0, 1))
    assert mouth[[61, 291, 13, 14]].min() > 0.95
    assert mouth[[33, 133, 362, 263]].max() == 0
    assert eyes[[33, 133, 362, 263]].min() > 0.9
    assert eyes[[61, 291, 13, 14]].max() == 0
    lopsided = morph._amount_of_points(Amounts(0.8, 0.8, 0, 0, asymmetry=0.2))
    assert lopsided[291] > lopsided[61]


def test_the_parts_share_every_point(morph):
    weights = _regions(morph.start[:468])
    np.testing.assert_allclose(weights[:, :4].sum(axis=1), 1)
    assert weights[:, :4].min() >= -1e-9
    sides = [weights[list(pair), 4].mean() for pair in EYE_CORNERS]
    assert sides[0] < 0 < sides[1]


def test_interpolation_is_linear_in_each_triangle(rng):
    points = np.array([(0, 0), (19, 0), (0, 19), (19, 19), (8.5, 7.2)], float)
    triangles = np.array([(0, 1, 4), (1, 3, 4), (3, 2, 4), (2, 0, 4)])
    values = points @ rng.normal(0, 1, (2, 3)) + 1  # linear over the whole: every triangle agrees
    which = draw_triangles(points, triangles, 20, 20)
    maps = interpolate(points, triangles, values, which, (0, 0))
    grid = np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(-1, 2)
    expected = grid @ np.linalg.lstsq(np.c_[points, np.ones(5)], values, rcond=None)[0][:2] + 1
    np.testing.assert_allclose(maps.reshape(3, -1).T, expected, atol=1e-4)


def test_a_pair_that_is_not_complete_is_named_and_left_out(photographs, caplog):
    assert list(animate_photographs.find_pairs(photographs)) == ["001", "002"]
    assert "009: no smiling photograph, left out" in caplog.text


def test_no_pairs_are_an_error(tmp_path):
    with pytest.raises(UserError, match="neutral_front does not exist"):
        animate_photographs.find_pairs(tmp_path)
    for name in ("neutral_front", "smiling_front"):
        (tmp_path / name).mkdir()
    with pytest.raises(UserError, match="no pair of photographs"):
        animate_photographs.find_pairs(tmp_path)
    (tmp_path / "neutral_front/000_03.jpg").touch()
    with pytest.raises(UserError, match="numbered from 001"):
        animate_photographs.find_pairs(tmp_path)


def test_videos_are_listed_with_those_that_could_not_be_made(photographs, tmp_path):
    animate_photographs.main(photographs, tmp_path / "out", SMALL)
    index_videos.main("london", "uva_nemo", tmp_path / "out", tmp_path / "index.parquet", tmp_path / "labels.parquet")
    table = read_table(tmp_path / "index.parquet").set_index("video")
    assert table["status"].to_dict() == {
        "001_deliberate_smile_1": "ok",
        "001_spontaneous_smile_1": "ok",
        "002_deliberate_smile_1": "missing",
        "002_spontaneous_smile_1": "missing",
    }
    info = probe(tmp_path / "out/videos/001_deliberate_smile_1.mp4")
    assert (info.width, info.height, info.fps) == (128, 128, 10)
    details = (tmp_path / "out/UvA-NEMO_Smile_Database_File_Details.txt").read_text()
    assert "real photographs with simulated motion" in details
    truth = read_table(tmp_path / "out/truth.parquet", ["video", "AU06", "AU12", "phase"])
    assert set(truth["phase"]) == {"neutral", "onset", "apex", "offset"}


def test_the_same_seed_gives_the_same_bytes(photographs, tmp_path):
    for name in ("a", "b"):
        animate_photographs.main(photographs, tmp_path / name, SMALL)
    for path in (tmp_path / "a").rglob("*.mp4"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_an_odd_size_is_refused(photographs, tmp_path):
    with pytest.raises(UserError, match="--size 129 is odd"):
        animate_photographs.main(photographs, tmp_path / "out", animate_photographs.Settings(size=129))


def test_real_photographs_become_a_smile(shared, tracker):
    """The tracker sees the smile rise on every frame, and the same person before and after."""
    pairs = animate_photographs.find_pairs(shared("london/SHA256SUMS").parent)
    assert len(pairs) == 102
    settings = animate_photographs.Settings(size=256, fps=25)
    for subject in ("036", "131"):
        clip = animate_photographs.Clip(subject, "posed")
        frames, act = animate_photographs.render_clip(clip, pairs, settings)
        faces = [tracker.track(frame) for frame in frames]
        smile = np.array([face.measures["AU12_proxy"] for face in faces])
        assert np.corrcoef(smile, act.au12)[0, 1] > (0.85 if np.ptp(smile) > 0.1 else 0.5)
        assert np.abs(frames[0].astype(int) - frames[-1]).mean() < 3
