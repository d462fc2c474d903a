"""The package from Python, as docs and `cmm.load`'s own text say."""

import doctest
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

import cmm
from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.core.records import read_record
from cmm.core.video import probe, write_video
from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.generation import smiler as module
from cmm.generation.photographs import see


@pytest.fixture(scope="module")
def picture():
    """A neutral face, RGB uint8, of odd width."""
    return cv2.resize(render_clip(3, "posed", Settings(size=256, fps=12))[0][0], (241, 256))


@pytest.fixture(scope="module")
def smiler():
    return cmm.load()


@pytest.fixture(scope="module")
def smiles(smiler, picture):
    return smiler.smile(picture, "posed", modes=2, frames=6, seed=1)


def test_the_example_of_the_module_runs(picture, tmp_path, monkeypatch):
    """On a face of the size that it tells."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(cv2.resize(picture, (540, 720))).save("me.jpg", quality=95)
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert found.attempted >= 5
    assert found.failed == 0
    assert probe(tmp_path / "smiles.mp4").frames == 32


def test_images_come_as_people_see_them(smiler, picture, tmp_path):
    """Turned as a telephone says, and on white where they are transparent, from Pillow and from files alike."""
    clear = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    clear[:40, :40] = 0
    white = picture.copy()
    white[:40, :40] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: lies on its side
    Image.fromarray(np.rot90(picture)).save(tmp_path / "turned.png", exif=exif)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    for name, wanted in (("turned.png", picture), ("clear.png", white)):
        np.testing.assert_array_equal(see(tmp_path / name, smiler.tracker).picture, wanted)
        with Image.open(tmp_path / name) as image:
            np.testing.assert_array_equal(see(image, smiler.tracker).picture, wanted)


def test_heic_is_read_as_the_page_reads_it(smiler, picture, tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    Image.fromarray(picture[:, :240]).save(tmp_path / "me.heic", quality=95)
    assert np.abs(see(tmp_path / "me.heic", smiler.tracker).picture.astype(int) - picture[:, :240]).mean() < 5


def test_sequences_that_fill_the_memory_are_refused(smiler, picture, monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else 50_000)
    with pytest.raises(
        UserError, match="4 sequences of 1024 frames of 241 x 256 pixels take 1 GB, of 0 in this machine"
    ):
        smiler.smile(picture, frames=1024)


def test_to_import_it_loads_nothing_heavy():
    code = "import sys, cmm; heavy = {'torch', 'numpy', 'cv2', 'pandas'} & {*sys.modules}; print(heavy or 'light')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=os.environ)
    assert done.stdout == "light\n"
    with pytest.raises(AttributeError, match="has no attribute 'smile'"):
        cmm.smile  # noqa: B018


def test_smiles_are_arrays_by_name_and_as_the_command_makes_them(smiler, smiles, picture, tmp_path):
    assert list(smiles) == ["conditional", "mode 1", "mode 2"] == list(smiles.keys())
    assert len(smiles) == 3
    assert all(smiles[name].shape == (6, 256, 241, 3) and smiles[name].dtype == np.uint8 for name in smiles)
    assert not np.array_equal(smiles["mode 1"], smiles["mode 2"])
    again = smiler.smile(Image.fromarray(picture), "posed", modes=2, frames=6, seed=1)
    assert all(np.array_equal(again[name], smiles[name]) for name in smiles)
    Image.fromarray(picture).save(tmp_path / "me.png")
    words = ["generate", tmp_path / "me.png", "--out", tmp_path / "out", "--frames", 6, "--seed", 1]
    assert cli([*map(str, words), "--expression", "posed", "--formats", "png"]) == 0
    written = cv2.imread(str(tmp_path / "out/mode_2/0005.png"))[..., ::-1]
    np.testing.assert_array_equal(written, smiles["mode 2"][5, :, :240])


def test_what_is_saved_says_how_it_was_made_and_that_it_is_synthetic(smiles, tmp_path):
    smiles.save(tmp_path / "all.mp4")
    smiles.save(tmp_path / "one.webp", "mode 1", fps=8)
    smiles.save(tmp_path / "one.mp4", "mode 1")
    info = probe(tmp_path / "all.mp4")
    assert (info.frames, info.height, info.width) == (6, 384 + 24, 3 * 362)
    assert (probe(tmp_path / "one.mp4").width, probe(tmp_path / "one.mp4").height) == (240, 256)
    record = read_record(tmp_path / "all.mp4")
    assert record["synthetic"] is True
    assert record["condition"]["expression"] == "posed"
    assert Image.open(tmp_path / "one.webp").n_frames >= 5, "two frames that are alike are one"
    for path, name, message in (("a.avi", None, "write .mp4, .gif or .webp"), ("a.mp4", "mode 9", "no sequence")):
        with pytest.raises(cmm.UserError, match=message):
            smiles.save(tmp_path / path, name)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"expression": "grin"}, "has not learned 'grin'"),
        ({"strength": 2.0}, "strength 2.0 is not between"),
        ({"action_units": {"AU12": 3.0}}, "knows no action_units"),
        ({"modes": 4}, "modes 4: cmm_mesh has 3"),
        ({"face": 2}, "shows 1 face"),
        ({"face": "all"}, "one face at a time"),
        ({"face": "left"}, "write largest"),
    ],
)
def test_what_cannot_be_is_one_line(smiler, picture, told, message):
    with pytest.raises(cmm.UserError, match=message) as error:
        smiler.smile(picture, **told)
    assert "\n" not in str(error.value)


def test_what_is_no_picture_is_named(smiler, tmp_path):
    for picture in (np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)):
        with pytest.raises(cmm.UserError, match="give RGB uint8"):
            smiler.smile(picture)
    with pytest.raises(cmm.UserError, match="no face found in the picture"):
        smiler.smile(np.full((64, 64, 3), 90, np.uint8))
    with pytest.raises(cmm.UserError, match="does not exist"):
        smiler.smile(tmp_path / "none.jpg")
    with pytest.raises(cmm.UserError):
        cmm.load(tmp_path / "no run")


def test_overwrite_replaces_what_generate_wrote_and_nothing_else(picture, tmp_path, capsys):
    Image.fromarray(picture).save(tmp_path / "me.png")
    words = ["generate", str(tmp_path / "me.png"), "--frames", "4", "--out", str(tmp_path / "out")]
    assert cli(words) == 0
    before = (tmp_path / "out/all.mp4").stat().st_mtime_ns
    assert cli(words) == 1
    assert "exists already: name a new folder, or say --overwrite" in capsys.readouterr().err
    assert cli([*words, "--overwrite"]) == 0
    assert (tmp_path / "out/all.mp4").stat().st_mtime_ns > before
    assert cli([*words, "--overwrite", "--formats", "gif", "webp", "still", "png"]) == 0
    assert cli([*words, "--overwrite"]) == 0
    write_video(tmp_path / "edit.mp4", np.repeat(picture[None, :, :240], 3, 0), 8)
    for name, data in (("diary.txt", b"mine"), ("cut/edit.mp4", (tmp_path / "edit.mp4").read_bytes())):
        place = tmp_path / "out" / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
        assert cli([*words, "--overwrite"]) == 1
        assert place.read_bytes() == data
        assert (tmp_path / "out/all.mp4").exists()
        place.unlink()
    (tmp_path / "edit.mp4").unlink()
    (tmp_path / "note").touch()
    assert cli([*words[:-1], str(tmp_path / "note"), "--overwrite"]) == 1
    (tmp_path / "note").unlink()
    assert "is a file: name a new folder" in capsys.readouterr().err
    write_video(tmp_path / "film.mp4", np.repeat(picture[None, :, :240], 3, 0), 8)
    assert cli(["generate", str(tmp_path / "film.mp4"), "--frames", "4", "--out", str(tmp_path / "of_a_film")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "me.png", "of_a_film", "out"]


def test_smiles_show_themselves_in_a_line(smiles):
    assert repr(smiles) == "<Smiles by cmm_mesh: conditional, mode 1, mode 2; 6 frames of 241 x 256 pixels>"
    with pytest.raises(KeyError, match="there is no sequence 'mode 9': there are conditional, mode 1, mode 2"):
        smiles["mode 9"]
