"""The tracking backends: real ones where their weights come from pip, their real code with made weights where not."""

import sys
import types

import av
import numpy as np
import pandas as pd
import pytest

from cmm.core import pretrained
from cmm.core.errors import UserError
from cmm.core.video import Unreadable, read_frames, write_video
from cmm.faces.backends import BACKENDS, IMAGE_BACKENDS, au_columns
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS, interocular_distance
from cmm.faces.trackers import load
from cmm.sequences import compare_trackers, measure_tracks


def test_the_names_are_those_of_the_modules():
    assert BACKENDS == ("dlib", "face_alignment", "mediapipe", "openface", "pyfeat")
    assert "openface" not in IMAGE_BACKENDS


def test_dlib_and_mediapipe_agree_on_the_points(clip, tracker):
    frames, _ = clip
    with load("dlib") as dlib:
        for frame in frames[::20]:
            one, two = tracker.track(frame), dlib.track(frame)
            assert two.points.shape == (68, 2)
            assert 0 <= two.confidence <= 1
            inner = slice(17, 68)  # the jaw is another line in each
            distance = np.linalg.norm(one.points[inner] - two.points[inner], axis=-1)
            assert distance.mean() < 0.12 * interocular_distance(one.points)
        assert dlib.track(np.full_like(frames[0], 128)) is None
        assert dlib.description["backend"] == "dlib"


def test_a_tracker_without_action_units_gives_none_and_says_so(clip, tmp_path):
    write_video(tmp_path / "a.mp4", clip[0][:5], 25)
    with load("dlib") as dlib:
        table, outcome = measure_tracks.track_video("a", tmp_path / "a.mp4", dlib)
    assert outcome["tracked"] == 5
    with pytest.raises(UserError, match=r"no AU12: .*action_units: trained"):
        au_columns(table)


def test_frames_come_in_order_under_times_that_rise(tmp_path):
    """H.264 in AVI gives the times of frames in the order in which they were stored."""
    path, count = tmp_path / "a.avi", 60
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=50)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for i in range(count):
            shade = np.full((64, 64, 3), 4 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode())
    seen = [(time, int(image.mean())) for _, time, image in read_frames(path)]
    assert (np.diff([shade for _, shade in seen]) >= 0).all(), "the pictures are in order"
    assert (np.diff([time for time, _ in seen]) < 0).any(), "this file is one of those"
    with load("dlib") as dlib:
        table, outcome = measure_tracks.track_video("a", path, dlib)
    assert outcome["status"] == "ok"
    np.testing.assert_allclose(np.diff(table["timestamp"]), 1 / 50, atol=1e-6)


@pytest.mark.parametrize("times", [[0.0] * 4, [0.0, 0.04, 0.04, 0.12], [0.0, 0.04, 0.08, 1e12]])
def test_times_that_make_no_sense_are_those_of_the_frame_rate(times):
    np.testing.assert_allclose(measure_tracks.rising(times, 50.0), [0, 0.02, 0.04, 0.06])
    np.testing.assert_allclose(measure_tracks.rising(times), [0, 0.04, 0.08, 0.12])


def test_times_of_a_video_that_pauses_are_its_own():
    assert measure_tracks.rising([0.0, 0.04, 60.0], 25.0).tolist() == [0.0, 0.04, 60.0]
    assert len(measure_tracks.rising([])) == 0
    ticks = [*np.arange(50) / 90_000, 3600.0]  # frames' numbers as times, and a gap: 300 million steps between them
    np.testing.assert_allclose(measure_tracks.rising(ticks, 25.0), np.arange(51) / 25)


def test_a_video_that_has_gone_since_it_was_listed_keeps_its_row(tmp_path):
    with load("dlib") as dlib:
        table, outcome = measure_tracks.track_video("a", tmp_path / "gone.mp4", dlib)
    assert len(table) == 0
    assert (outcome["status"], outcome["sha256"]) == ("unreadable", "")


@pytest.fixture
def face_alignment_weights(tmp_path, monkeypatch):
    """Untrained networks of face-alignment, saved under the names that it looks for; their checksums are ours."""
    torch = pytest.importorskip("torch")
    from face_alignment.detection.sfd.net_s3fd import s3fd
    from face_alignment.models import FAN

    torch.manual_seed(0)
    folder = tmp_path / "torch/hub/checkpoints"
    folder.mkdir(parents=True)
    files = dict(pretrained.FILES)
    for name, network in {"2dfan4": FAN(4), "s3fd": s3fd()}.items():
        path = folder / files[name].file
        torch.save(network.state_dict(), path)
        files[name] = pretrained.WeightsFile(**{**vars(files[name]), "sha256": pretrained.file_digest(path)[:10]})
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(pretrained, "FILES", files)
    monkeypatch.setattr(pretrained.find_weights, "__defaults__", (files,))
    return folder


def test_face_alignment_loads_and_runs_its_networks(face_alignment_weights, clip, monkeypatch):
    """Untrained networks find faces anywhere: those of a detector that is given stand for them."""
    with load("face_alignment") as tracker:
        frame = clip[0][0]
        monkeypatch.setattr(tracker.networks.face_detector, "detect_from_image", lambda image: [])
        assert tracker.track(frame) is None
        box = np.array([40, 40, 150, 150, 0.9])
        monkeypatch.setattr(tracker.networks.face_detector, "detect_from_image", lambda image: [box, box * 0.5])
        face = tracker.track(frame)
        assert face.points.shape == (68, 2)
        assert np.isfinite(face.points).all()
        assert face.faces == 2
        assert tracker.action_units(pd.DataFrame([face.measures])).shape == (1, 0)


def test_weights_of_something_else_are_named(face_alignment_weights, monkeypatch):
    import torch

    path = face_alignment_weights / "s3fd-619a316812.pth"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(UserError, match=r"s3fd-619a316812.pth has the wrong sha256"), load("face_alignment"):
        pass


def test_missing_weights_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    broken = {
        name: pretrained.WeightsFile(**{**vars(file), "url": f"http://127.0.0.1:9/{file.file}"})
        for name, file in pretrained.FILES.items()
    }
    monkeypatch.setattr(pretrained.find_weights, "__defaults__", (broken,))
    message = rf"2DFAN4-11f355bf06.pth.tar not found .* put it into {tmp_path}/hub/checkpoints"
    with pytest.raises(UserError, match=message), load("face_alignment"):
        pass


def csv_of(faces, path, **changes):
    """Write tracked faces as OpenFace's FeatureExtraction does: names with spaces, further columns before ours."""
    rows = []
    for i, points in enumerate(faces, 1):
        row = {"frame": i, "face_id": 0, "timestamp": (i - 1) / 25, "confidence": 0.98, "success": 1, "gaze_0_x": 0.1}
        row |= dict(zip(X_COLUMNS + Y_COLUMNS, points.T.ravel(), strict=True))
        rows.append(row | {"AU06_r": 0.1 * i, "AU12_r": 0.2 * i, "AU06_c": 1, "AU12_c": 1})
    table = pd.DataFrame(rows)
    for column, values in changes.items():
        table[column] = values
    table.rename(columns=lambda name: f" {name}").to_csv(path, index=False)
    return table


@pytest.fixture
def openface(tmp_path, clip):
    """(folder of CSV files, video, points) of a video of ten frames."""
    video = tmp_path / "videos/001_Deliberate_smile_1.mp4"
    write_video(video, clip[0][:10], 25)
    points = np.random.default_rng(0).uniform(0, 190, (10, 68, 2)).round(1)
    (tmp_path / "csv/some").mkdir(parents=True)
    return tmp_path / "csv", video, points


def test_openface_files_are_matched_by_name_and_read_by_column(openface):
    folder, video, points = openface
    csv_of(points, folder / "some/001_deliberate_smile_1.csv")
    with load("openface", folder=folder) as tracker:
        table, outcome = measure_tracks.track_video("v", video, tracker)
        assert (outcome["decoded"], outcome["tracked"], outcome["status"]) == (10, 10, "ok")
        np.testing.assert_allclose(table[X_COLUMNS], points[..., 0], atol=1e-4)
        np.testing.assert_allclose(table["AU12_r"], 0.2 * np.arange(1, 11), atol=1e-6)
        np.testing.assert_allclose(table["timestamp"], np.arange(10) / 25)
        assert au_columns(table) == ("AU06_r", "AU12_r")
        with pytest.raises(UserError, match="choose another one for pictures"):
            tracker.track(np.zeros((9, 9, 3), np.uint8))


def test_openface_frames_of_low_confidence_or_left_out_are_lost(openface):
    folder, video, points = openface
    path = folder / "001_deliberate_smile_1.csv"
    table = csv_of(points, path, confidence=[0.9, 0.6, *[0.9] * 8], success=[1, 1, 0, *[1] * 7])
    second = table.assign(face_id=1, confidence=0.95, AU12_r=4.0).iloc[[4]]  # surer than the first, and lost in frame 6
    pd.concat([table, second]).drop(index=5).to_csv(path, index=False)
    with load("openface", folder=folder) as tracker:
        table, _ = measure_tracks.track_video("v", video, tracker)
    assert table["success"].tolist() == [True, False, False, True, True, False, *[True] * 4]
    assert table["AU12_r"].iloc[4] == 4.0
    np.testing.assert_allclose(table["timestamp"], np.arange(10) / 25, err_msg="lost frames have their own times")


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda path, table: path.unlink(), "no file 001_Deliberate_smile_1.csv below"),
        (lambda path, table: path.write_text("a,b\n1,2\n"), "has no column AU06_r"),
        (lambda path, table: table.iloc[:5].to_csv(path, index=False), "has 5 frames, the video 10"),
        (lambda path, table: table.astype(str).replace("0.2", "x").to_csv(path, index=False), "line 2: not the"),
        (lambda path, table: table.assign(frame=table["frame"] - 1).to_csv(path, index=False), "line 2: not the"),
        (lambda path, table: path.write_bytes(b"\xff\xfe\x00"), "is no CSV file of OpenFace"),
    ],
)
def test_bad_openface_files_are_the_reason_of_their_video(openface, break_it, reason):
    folder, video, points = openface
    path = folder / "001_deliberate_smile_1.csv"
    break_it(path, csv_of(points, path))
    with load("openface", folder=folder) as tracker:
        _, outcome = measure_tracks.track_video("v", video, tracker)
    assert outcome["status"] == "unreadable"
    assert reason in outcome["reason"]


def test_of_openface_files_of_one_name_the_videos_folder_decides(openface):
    folder, video, points = openface
    for name in ("videos", "others"):
        (folder / name).mkdir()
        csv_of(points + (name == "others"), folder / name / "001_deliberate_smile_1.csv")
    with load("openface", folder=folder) as tracker:
        faces = list(tracker.read(video))
        np.testing.assert_allclose(faces[0][1].points, points[0], atol=1e-4)
        with pytest.raises(Unreadable, match="several files"):
            list(tracker.read(folder / "elsewhere/001_deliberate_smile_1.mp4"))


def test_a_missing_openface_folder_is_named(tmp_path):
    folder = tmp_path / "none"
    with pytest.raises(UserError, match=r"openface: .*none is no folder"), load("openface", folder=folder):
        pass


@pytest.fixture
def pyfeat(monkeypatch):
    """A stand-in for py-feat with the interface of its Detectorv1 2.1.5, which does not install beside CPU PyTorch."""

    class Detectorv1:
        def __init__(self, emotion_model, identity_model, gaze_model, device):
            self.info = {"face_model": "retinaface", "landmark_model": "mobilefacenet", "au_model": "xgb"}

        def detect(self, inputs, data_type, batch_size, progress_bar):
            assert data_type == "tensor"
            assert inputs.shape[1] == 3
            rows = []
            for number, image in enumerate(inputs):
                level = float(image.float().mean())
                for size in (50.0, 80.0) if level else (np.nan,):
                    row = {"FaceRectX": 5.0, "FaceRectY": 6.0, "FaceRectWidth": size, "FaceRectHeight": size}
                    row |= {"FaceScore": 0.9 * size / size, "AU06": 0.3, "AU12": level / 255, "frame": number}
                    rows.append(row | {name: size + i for i, name in enumerate(X_COLUMNS + Y_COLUMNS)})
            return pd.DataFrame(rows)

    feat, detector = types.ModuleType("feat"), types.ModuleType("feat.detector")
    feat.__path__, detector.Detectorv1 = ["nowhere"], Detectorv1
    monkeypatch.setitem(sys.modules, "feat", feat)
    monkeypatch.setitem(sys.modules, "feat.detector", detector)
    monkeypatch.setattr("cmm.faces.trackers.pyfeat_tracker.version", lambda name: "2.1.5")
    return detector


def test_pyfeat_keeps_its_own_names_and_scale(pyfeat, tmp_path):
    levels = np.repeat(np.array([51, 0, 102], np.uint8), [10, 3, 10])
    frames = levels[:, None, None, None] * np.ones((1, 64, 64, 3), np.uint8)
    write_video(tmp_path / "a.mp4", frames, 25, crf=1)
    with load("pyfeat") as tracker:
        table, outcome = measure_tracks.track_video("a", tmp_path / "a.mp4", tracker)
        assert tracker.track(frames[0]).faces == 2
    assert outcome["decoded"] == 23
    assert table["success"].tolist() == [True] * 10 + [False] * 3 + [True] * 10, "over the borders of batches"
    assert au_columns(table) == ("AU06", "AU12")
    np.testing.assert_allclose(table["AU12"].iloc[[0, 22]], [0.2, 0.4], atol=0.02)
    assert table["x_0"].iloc[0] == 80.0, "the largest face"


def test_pyfeat_reads_videos_that_change_their_size(pyfeat, monkeypatch):
    frames = [(i + 1, i / 25, np.full((64 if i < 20 else 32, 64, 3), 51, np.uint8)) for i in range(30)]
    monkeypatch.setattr("cmm.faces.trackers.pyfeat_tracker.read_frames", lambda path: iter(frames))
    with load("pyfeat") as tracker:
        read = list(tracker.read("a.flv"))
    assert [time for time, face in read if face] == [i / 25 for i in range(30)]


def test_pyfeat_without_weights_says_where_they_go(pyfeat):
    class LocalEntryNotFoundError(Exception):
        """As huggingface_hub's."""

    def fail(**options):
        raise LocalEntryNotFoundError("cannot find mobilefacenet_model_best.pth.tar in the cache")

    pyfeat.Detectorv1 = fail
    message = r"mobilefacenet_model_best.* copy its feat/resources to nowhere/resources"
    with pytest.raises(UserError, match=message), load("pyfeat"):
        pass


def test_pyfeat_that_is_not_installed_is_named():
    if "feat" in sys.modules:
        pytest.skip("py-feat is installed")
    with pytest.raises(UserError, match=r"an environment of its own, envs/pyfeat\.yaml"), load("pyfeat"):
        pass


def test_two_trackers_are_compared_in_a_table_and_a_figure(clip, tmp_path, capsys):
    write_video(tmp_path / "a.mp4", clip[0][::3], 25)
    compare_trackers.main([tmp_path / "a.mp4"], ["mediapipe", "dlib"], tmp_path / "out")
    table = pd.read_csv(tmp_path / "out/comparison.tsv", sep="\t")
    assert table["lost_mediapipe"].tolist() == [0]
    assert table["point_error"].between(0.005, 0.15).all()
    assert {"frames_per_second_mediapipe", "frames_per_second_dlib", "AU12_correlation"} <= set(table)
    assert (tmp_path / "out/comparison.svg").stat().st_size > 1000
    assert "point_error" in capsys.readouterr().out


def test_a_tracker_against_itself_differs_in_nothing(clip, tmp_path, tracker):
    write_video(tmp_path / "a.mp4", clip[0], 25)
    table, _ = measure_tracks.track_video("a", tmp_path / "a.mp4", tracker)
    row = compare_trackers.compare(tmp_path / "a.mp4", table, table)
    assert row["point_error"] == 0
    assert row["AU12_correlation"] == pytest.approx(1)


def test_the_comparison_wants_two_known_backends(tmp_path):
    for backends in (["mediapipe"], ["dlib", "dlib"], ["dlib", "nobody"]):
        with pytest.raises(UserError, match="--backends takes two of"):
            compare_trackers.main([tmp_path], backends, tmp_path / "out")


def test_a_video_that_cannot_be_read_is_compared_as_empty(clip, tmp_path, caplog):
    write_video(tmp_path / "a.mp4", clip[0][:9], 25)
    (tmp_path / "bad.mp4").write_text("no video")
    compare_trackers.main([tmp_path / "a.mp4", tmp_path / "bad.mp4"], ["mediapipe", "dlib"], tmp_path / "out")
    assert "bad.mp4: not a readable video" in caplog.text
    assert pd.read_csv(tmp_path / "out/comparison.tsv", sep="\t")["frames"].tolist() == [9, 0]
