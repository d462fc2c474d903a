"""From videos to smiles.h5 on real, small files."""

import dataclasses
import logging
import weakref

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest

from cmm.core.errors import UserError
from cmm.core.files import file_digest
from cmm.core.hdf5 import open_h5
from cmm.core.tables import read_provenance, read_table, write_table
from cmm.core.video import write_video
from cmm.datasets import index_videos
from cmm.datasets.actors import make_actors
from cmm.faces.trackers import Face
from cmm.faces.trackers.mediapipe_tracker import TO_IBUG
from cmm.sequences import draw_rasters, find_smiles, gather_rasters, gather_tracks, measure_tracks
from cmm.sequences.au_curves import smooth_curves
from cmm.sequences.draw_rasters import sample_frames
from cmm.sequences.smiles_file import ARRAYS, read_smiles

SMALL = make_actors.Settings(people=10, size=192, fps=25)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data set with three people and four bad files, run to smiles.h5."""
    root = tmp_path_factory.mktemp("data")
    clips = {"a": (0, "posed"), "b": (1, "spontaneous"), "c": (2, "posed")}
    for name, (person, expression) in clips.items():
        frames, _ = make_actors.render_clip(person, expression, SMALL)
        write_video(root / f"{name}.mp4", frames, 25)
    frames, _ = make_actors.render_clip(3, "posed", dataclasses.replace(SMALL, size=128))
    blank = np.full_like(frames[:30], 90)
    write_video(root / "nobody.mp4", blank, 25)
    write_video(root / "still.mp4", np.stack([frames[0]] * 30), 25)
    whole = (root / "a.mp4").read_bytes()
    (root / "torn.mp4").write_bytes(whole)
    with open(root / "torn.mp4", "r+b") as file:  # the index stands, the pictures do not
        at = whole.index(b"mdat")
        file.seek(at + 400)
        file.write(b"\0" * (len(whole) - at - 3000))
    lines = [f"{name}.mp4,{i},{e},1" for i, (name, (_, e)) in enumerate(clips.items())]
    write_video(root / "blink.mp4", frames[:5], 25)
    write_video(root / "half.mp4", np.concatenate([frames[:10], blank[:10]]), 25)
    lines += ["blink.mp4,5,posed,2", "half.mp4,6,posed,2"]
    lines += ["nobody.mp4,7,posed,2", "still.mp4,8,posed,2", "torn.mp4,9,posed,2", "gone.mp4,9,posed,2"]
    (root / "table.csv").write_text("file,subject,expression,fold\n" + "\n".join(lines) + "\n")
    out = root / "out"
    run(root, out)
    return out


def run(root, out, shards=20):  # more shards than videos
    index_videos.main("mine", "folder", root, out / "index.parquet", out / "labels.parquet", root / "table.csv")
    settings = measure_tracks.Settings(shards=shards)
    parts = [(out / f"{i}.parquet", out / f"{i}.outcomes.parquet") for i in range(shards)]
    for i, (part, outcome) in enumerate(parts):
        measure_tracks.main(out / "index.parquet", i, part, outcome, settings)
    tables = [list(column) for column in zip(*parts, strict=True)]
    gathered = gather_tracks.Settings(min_tracked=0.9)
    gather_tracks.main(out / "index.parquet", *tables, out / "tracks.parquet", out / "videos.parquet", gathered)
    files = out / "videos.parquet", out / "tracks.parquet", out / "smiles.parquet"
    find_smiles.main(*files[:2], out / "labels.parquet", files[2], out / "smiles.tsv", find_smiles.Settings())
    drawn = [out / f"{i}.h5" for i in range(shards)]
    for i, path in enumerate(drawn):
        draw_rasters.main(*files, i, path, draw_rasters.Settings(frames=8, shards=shards))
    gather_rasters.main(out / "smiles.parquet", drawn[::-1], out / "smiles.h5")


def test_the_mesh_is_that_of_the_points(made):
    data = read_smiles(made / "smiles.h5")
    mesh = np.asarray(data.mesh)
    assert np.isfinite(mesh).all()
    np.testing.assert_allclose(mesh[:, :, TO_IBUG, :2], data.points, atol=2e-3)
    depth = mesh[..., 2] - mesh[..., :1, 2]
    assert (depth[..., [127, 356]] > 5).all(), "the temples are farther away than the mouth"


def test_videos_keep_their_rows_with_what_went_wrong(made):
    status = read_table(made / "videos.parquet").set_index("video")
    assert status["status"].to_dict() == {
        "a": "ok",
        "b": "ok",
        "c": "ok",
        "blink": "short",
        "half": "no_face",
        "nobody": "no_face",
        "still": "ok",
        "torn": "unreadable",
        "gone": "missing",
    }
    assert "damaged after frame" in status.loc["torn", "reason"]
    assert status.loc["nobody", "reason"] == "no face in any frame"
    assert status.loc["blink", "reason"] == "5 frames, at least 16 are needed"
    assert status.loc["half", "reason"] == "a face in only 10 of 20 frames"
    assert "half" not in set(read_table(made / "tracks.parquet")["video"])


def test_tracks_are_openface_like(made):
    table = read_table(made / "tracks.parquet")
    assert set(table["video"]) == {"a", "b", "c", "still"}
    for _, frames in table.groupby("video"):
        assert frames["frame"].tolist() == list(range(1, len(frames) + 1))
        np.testing.assert_allclose(np.diff(frames["timestamp"]), 1 / 25, atol=1e-6)
    assert {"x_0", "y_67", "confidence", "success", "AU06_proxy", "AU12_proxy"} <= set(table)
    assert not {"AU06_r", "AU12_r"} & set(table), "a proxy is no intensity"
    about = read_provenance(made / "tracks.parquet")["tracking"]["tracker"]
    assert about["backend"] == "mediapipe"
    assert len(about["weights_sha256"]) == 64


def test_points_lie_where_the_face_was_drawn(made):
    from cmm.datasets.actors.canvas import Canvas
    from cmm.faces.landmarks import eye_centres, points_of

    first = read_table(made / "tracks.parquet").query("video == 'a' and frame == 1")
    drawn = Canvas(192).pixels([(-0.5, 0), (0.5, 0)])
    assert np.abs(eye_centres(points_of(first))[0] - drawn).max() < 6


def test_smiles_h5_is_as_the_contract_says(made):
    found = read_table(made / "smiles.parquet")
    assert {"a", "b", "c"} == set(found["video"])
    with h5py.File(made / "smiles.h5") as file:
        n = len(found)
        assert file["landmarks"].shape == (n, 8, 64, 64)
        assert file["faces"].shape == (n, 8, 64, 64, 3)
        assert file["points"].shape == (n, 8, 68, 2)
        assert [file[k].dtype for k in ("landmarks", "faces", "points")] == [np.uint8, np.uint8, np.float32]
        assert set(np.unique(file["landmarks"][:])) == {0, 1}
        assert file["landmarks"].chunks[0] == 1
        assert list(file["smile"].asstr()[:]) == list(found["smile"])
    with open_h5(made / "smiles.h5", "cmm smiles", "smiles.h5") as reader:
        assert reader.record()["settings"]["frames"] == 8


def test_folds_split_the_training_set(made):
    assert set(read_smiles(made / "smiles.h5", 1, held_out=True).fold) == {1}
    with pytest.raises(UserError, match="no sequence outside of fold 1"):
        read_smiles(made / "smiles.h5", 1)
    with pytest.raises(UserError, match=r"no sequence in fold 7: it has folds \[1\]"):
        read_smiles(made / "smiles.h5", 7)


def test_shards_do_not_change_what_is_made(made, tmp_path):
    run(made.parent, tmp_path, shards=1)
    pd.testing.assert_frame_equal(read_table(tmp_path / "tracks.parquet"), read_table(made / "tracks.parquet"))
    one, many = read_smiles(tmp_path / "smiles.h5"), read_smiles(made / "smiles.h5")
    for name in (*ARRAYS, "smile", "fold"):
        np.testing.assert_array_equal(getattr(one, name), getattr(many, name))


def test_raster_shards_missing_or_twice_are_refused(made, tmp_path):
    drawn = [made / f"{i}.h5" for i in range(20)]
    with pytest.raises(UserError, match="are not those of"):
        gather_rasters.main(made / "smiles.parquet", drawn[1:], tmp_path / "smiles.h5")
    with pytest.raises(UserError, match="is in another shard too"):
        gather_rasters.main(made / "smiles.parquet", [*drawn, drawn[0]], tmp_path / "smiles.h5")


def test_a_videos_bytes_are_recorded(made):
    rows = read_table(made / "videos.parquet").set_index("video")
    assert rows.loc["a", "sha256"] == file_digest(made.parent / "a.mp4")
    assert pd.isna(rows.loc["gone", "sha256"])


@pytest.mark.parametrize(
    ("onset", "apex", "held", "expected"),
    [
        (1, 8, 100, [1, 2, 3, 4, 5, 6, 7, 8]),
        (11, 25, 100, [11, 13, 15, 17, 19, 21, 23, 25]),
        (11, 25, 25, [11, 13, 15, 17, 19, 21, 23, 25]),
        (11, 14, 100, [11, 12, 13, 14, 15, 16, 17, 18]),
        (11, 14, 16, [11, 12, 13, 14, 15, 16, 16, 16]),
    ],
)
def test_sampling_and_the_papers_padding(onset, apex, held, expected):
    np.testing.assert_array_equal(sample_frames(np.arange(100) / 25, onset, apex, held, 8), expected)


def test_sampling_is_even_in_time_where_the_frame_rate_varies():
    times = np.concatenate([np.arange(0, 1, 0.1), np.arange(1, 2, 0.02)])  # 10 frames a second, then 50
    numbers = sample_frames(times, 1, len(times), len(times), 8)
    np.testing.assert_allclose(times[numbers - 1], np.linspace(0, times[-1], 8), atol=0.051)


def test_largest_of_two_faces_is_taken(tracker, caplog):
    frames, _ = make_actors.render_clip(4, "posed", SMALL)
    small = make_actors.render_clip(5, "posed", dataclasses.replace(SMALL, size=128))[0]
    both = np.full((192, 340, 3), 128, np.uint8)
    both[:, 148:] = frames[0]
    both[30:158, 10:138] = small[0]
    face = tracker.track(both)
    assert face.faces == 2
    assert face.points[:, 0].min() > 148


def test_somebody_who_comes_closer_is_not_followed(tracker, tmp_path):
    """The person on the right is the larger one at first; then the other one is."""
    right = make_actors.render_clip(4, "posed", SMALL)[0][:12]
    left = make_actors.render_clip(5, "posed", SMALL)[0][:12]
    frames = np.full((12, 200, 400, 3), 128, np.uint8)
    for i, picture in enumerate(frames):
        size = 120 + 6 * i
        picture[4 : 4 + size, 4 : 4 + size] = cv2.resize(left[i], (size, size), interpolation=cv2.INTER_AREA)
        size = 180 - 6 * i
        picture[4 : 4 + size, 210 : 210 + size] = cv2.resize(right[i], (size, size), interpolation=cv2.INTER_AREA)
    write_video(tmp_path / "two.mp4", frames, 25, crf=8)
    table, _ = measure_tracks.track_video("two", tmp_path / "two.mp4", tracker)
    assert table["success"].all()
    assert table["x_30"].min() > 210
    assert tracker.track(frames[-1]).points[30, 0] < 200, "by itself, the last picture's largest face is the other"


@pytest.mark.shared
@pytest.mark.parametrize(("clip", "least", "most"), [("d19", 5, 6), ("cap12_edit", 0, 2), ("d18", 1, 1), ("s32", 1, 2)])
def test_real_faces(shared, tracker, clip, least, most):
    table, outcome = measure_tracks.track_video(clip, shared(f"clips/{clip}.mp4"), tracker)
    assert outcome["status"] == "ok"
    settings = find_smiles.Settings()
    curves = smooth_curves(table, settings.smoothing)
    found = find_smiles.find_phases(curves, settings) or find_smiles.find_faint_phase(curves, settings)
    logging.getLogger("cmm").info("%s %s", clip, found)
    assert least <= len(found) <= most, found
    for onset, apex in found:
        level = (curves["AU12"] + curves["corners"]).to_numpy()
        held = find_smiles.held_until(curves, level, onset, apex, settings.held_share)
        level = level[sample_frames(table["timestamp"].to_numpy(), onset, apex, held, 32) - 1]
        assert level[-1] - level[0] > 0.7 * (level.max() - level[0]), "whatever follows, a sequence ends with a smile"


def test_shards_of_another_set_or_missing_are_refused(made, tmp_path):
    parts = [(made / f"{i}.parquet", made / f"{i}.outcomes.parquet") for i in range(20)]
    for chosen in (parts[:1], [*parts, parts[0]]):
        tables = [list(column) for column in zip(*chosen, strict=True)]
        with pytest.raises(UserError, match="missing, foreign or in two of them"):
            gather_tracks.main(
                made / "index.parquet", *tables, tmp_path / "t", tmp_path / "v", gather_tracks.Settings()
            )


def test_without_a_usable_video_the_reasons_are_kept(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "table.csv").write_text("file,subject,expression,fold\ntext.mp4,a,posed,1\n")
    with pytest.raises(UserError, match=r"usable videos \(0\)"):
        run(tmp_path, tmp_path / "out", shards=2)
    assert read_table(tmp_path / "out/videos.parquet")["status"].tolist() == ["unreadable"]


def test_no_smile_anywhere_is_an_error(made, tmp_path):
    few = read_table(made / "videos.parquet")

    write_table(few[few["video"] == "still"], tmp_path / "videos.parquet", {})
    with pytest.raises(UserError, match=r"no neutral-to-smile phase in the usable videos \(1\)"):
        find_smiles.main(
            tmp_path / "videos.parquet", made / "tracks.parquet", made / "labels.parquet",
            tmp_path / "s", tmp_path / "t", find_smiles.Settings(),
        )  # fmt: skip


def test_tracking_keeps_no_mesh_of_a_frame_that_is_done(tmp_path):
    """Meshes that lie between freed pictures kept the heap growing by a picture a frame."""
    write_video(tmp_path / "v.mp4", np.zeros((12, 64, 64, 3), np.uint8), 25)
    meshes = weakref.WeakSet()

    class Mesh(np.ndarray):
        __hash__ = object.__hash__

    class Meshes:
        def track(self, image, near=None):
            assert len(meshes) <= 1, "that of the frame before, at most"
            mesh = np.zeros((478, 3), np.float32).view(Mesh)
            meshes.add(mesh)
            return Face(np.zeros((68, 2), np.float32), 1.0, {"AU12_proxy": 0.0}, 1, mesh)

        def action_units(self, measures, neutral=None):
            return measures

    table, outcome = measure_tracks.track_video("v", tmp_path / "v.mp4", Meshes())
    assert outcome["tracked"] == len(table) == 12
