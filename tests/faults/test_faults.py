"""Other people's files, and ours after an accident: a row or the right result, or one line, and nothing else.

`--faults N` makes N percent of the whole corpus, which is 300 videos, 100 pictures, 200 files of ours, 100 configs and
tables; `--faults-seed S` makes another one.
"""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pandas as pd
import pytest
from damage import outcome
from mutations import changed_config, changed_table, damaged
from random_smiles import write_random_smiles
from readers import READERS, reading, state_of

from cmm.core.tables import read_table, write_table
from cmm.core.video import write_video
from cmm.core.weights_file import save_networks
from cmm.core.worker import Worker
from cmm.datasets.layouts import folder
from cmm.faces.trackers.openface_tracker import NEEDED, read_csv
from cmm.generation.conditions_file import write_conditions
from cmm.generation.generated_file import write_generated
from cmm.methods.bundle_file import CARD, CONFIG, write_bundle
from cmm.methods.registry import METHODS, inside_of
from cmm.networks.image_vae import ImageVAE
from cmm.training.state import TrainingPosition
from cmm.workflow.config import validate, with_defaults
from cmm.workflow.missing import missing_data
from cmm.workflow.schema import config_schema

ROOT = Path(__file__).parents[2]
FRAMES = 6
STATUSES = {"ok", "unreadable", "empty", "missing", "mislabelled", "short", "no_face"}


@pytest.fixture
def corpus(request):
    """Function that gives the seeds of a part of the corpus, of a number of cases in the whole."""
    percent, first = request.config.getoption("--faults"), request.config.getoption("--faults-seed")
    return lambda whole: range(first * 10**6, first * 10**6 + max(1, round(whole * percent / 100)))


@pytest.fixture(scope="module")
def worker():
    with Worker(reading, patience=60.0) as worker:
        yield worker


def python(*words):
    command = [sys.executable, "-m", "cmm", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=1500)


def encoded(path, frames, codec, pixels):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], pixels
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pixels)))
        container.mux(stream.encode())


def test_damaged_videos_cost_their_rows_alone(corpus, clip, tmp_path):
    root, frames = tmp_path / "videos", clip[0][:FRAMES]
    root.mkdir()
    write_video(root / "clean_a.mp4", frames, 10)
    encoded(root / "clean_b.mkv", frames, "ffv1", "yuv420p")
    encoded(root / "clean_c.avi", frames, "mjpeg", "yuvj420p")
    (root / "clean_d").mkdir()
    for i, frame in enumerate(frames):
        cv2.imwrite(str(root / f"clean_d/{i}.jpg"), frame[..., ::-1])
    clean = sorted(root.iterdir())
    names = [path.name for path in clean]
    for number, seed in enumerate(corpus(300)):
        source = clean[number % len(clean)]
        target = root / f"case_{seed}{source.suffix}"
        if source.is_dir():
            target.mkdir()
            for image in source.iterdir():
                hit = seed % 3 == 0 or image.stem == "2"
                (target / image.name).write_bytes(damaged(image.read_bytes(), seed) if hit else image.read_bytes())
        else:
            target.write_bytes(damaged(source.read_bytes(), seed))
        names.append(target.name)
    table = pd.DataFrame({"file": names, "subject": names, "expression": "posed"})
    table["subject"] = [f"p{i}" for i in range(len(names))]
    table.to_csv(tmp_path / "list.csv", index=False)
    files = {name: tmp_path / f"{name}.parquet" for name in ("index", "labels", "tracks", "outcomes", "all", "used")}
    words = ["--dataset", "d", "--layout", "folder", "--root", root, "--table", tmp_path / "list.csv"]
    said = python("index_videos", *words, "--out", files["index"], "--labels", files["labels"])
    assert (said.returncode, "Traceback" in said.stderr) == (0, False), said.stderr[-2000:]
    words = [
        "--index",
        files["index"],
        "--shard",
        0,
        "--shards",
        1,
        "--out",
        files["tracks"],
        "--outcomes",
        files["outcomes"],
    ]
    said = python("measure_tracks", *words)
    assert (said.returncode, "Traceback" in said.stderr) == (0, False), said.stderr[-2000:]
    words = ["--index", files["index"], "--shards", files["tracks"], "--outcomes", files["outcomes"], "--min-frames", 2]
    said = python("gather_tracks", *words, "--tracks", files["all"], "--videos", files["used"])
    assert (said.returncode, "Traceback" in said.stderr) == (0, False), said.stderr[-2000:]
    videos = read_table(files["used"]).set_index("subject")
    assert sorted(videos.index) == sorted(table["subject"]), "a row each"
    assert set(videos["status"]) <= STATUSES
    assert (videos.loc[videos["status"] != "ok", "reason"].str.len() > 0).all()
    assert (videos.loc[[f"p{i}" for i in range(len(clean))], "status"] == "ok").all(), "the others go on"


def test_damaged_pictures_are_a_face_or_a_line(corpus, clip, worker, tmp_path):
    kinds = {}
    for suffix in ("png", "jpg", "webp", "bmp"):
        kinds[suffix] = cv2.imencode(f".{suffix}", clip[0][0][..., ::-1])[1].tobytes()
    for number, seed in enumerate(corpus(100)):
        suffix = [*kinds][number % len(kinds)]
        path = tmp_path / f"{seed}.{suffix}"
        path.write_bytes(damaged(kinds[suffix], seed))
        kind, said = outcome(worker.do, path, "see")
        assert said == 1 if kind == "right" else ("\n" not in said and len(said) < 400), seed


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A folder with a file of each kind that we write."""
    place = tmp_path_factory.mktemp("ours")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"video": ["a", "a", "b"], "frame": [1, 2, 1], "AU12": [0.5, np.nan, 1.0], "name": ["x", None, "ü"]}
    )
    write_table(frame, place / "table.parquet", {"stage": "a test"})
    write_random_smiles(place / "smiles.h5", 3, 3, 16)
    faces = rng.integers(0, 256, (2, 2, 3, 16, 16, 3)).astype(np.uint8)
    labels = {"smile": ["a", "b"], "subject": ["a", "b"], "expression": ["posed", "posed"]}
    labels["modes"] = ["conditional", "1"]
    write_generated(
        place / "generated.h5", [{"faces": faces, "contrast_faces": faces[:, 0]}], labels, {"stage": "a test"}
    )
    write_conditions(place / "conditions.h5", {"g": (["a", "b"], faces[:, :, 0])}, ["p", "q"], {"stage": "a test"})
    save_networks(place / "weights.safetensors", {"landmark_vae": ImageVAE(32, 3)}, {"expressions": ["posed"]})
    state = state_of(place)
    state.saved -= 1
    random = SimpleNamespace(state=lambda: {"order": {}, "noise": None})
    state.save_if_due(TrainingPosition(history=[{"bce": 1.0}]), random)
    method = next(name for name in METHODS if inside_of(name))
    weights = dict(zip(METHODS[method].weights, inside_of(method), strict=True))
    write_bundle(place / "bundle.cmm", method, weights, {CONFIG: "a: 1", CARD: "# A card"}, {})
    return place


def test_damaged_files_of_ours_are_what_was_written_or_a_line(corpus, ours, worker, tmp_path):
    whole = {kind: worker.do(ours / kind, kind) for kind in READERS}
    data = {kind: (ours / kind).read_bytes() for kind in READERS}
    for number, seed in enumerate(corpus(200)):
        kind = [*READERS][number % len(READERS)]
        path = tmp_path / kind
        path.write_bytes(damaged(data[kind], seed))
        result, said = outcome(worker.do, path, kind)
        if result == "right":
            assert said == whole[kind], f"{kind}, seed {seed}: another content, without a word"
        else:
            assert "\n" not in said, f"{kind}, seed {seed}"
            assert str(path) in said, f"{kind}, seed {seed}"


def test_changed_configs_and_tables_are_taken_or_a_line(corpus, tmp_path):
    schema = config_schema()
    config = with_defaults({}, ROOT / "config/config.yaml")
    table = "file,subject,expression,fold\na.mp4,p1,posed,1\nb.mp4,p2,posed,2\nc.mp4,p3,spontaneous,3\n"
    columns = sorted(NEEDED)
    sheet = "\n".join([",".join(columns), *(",".join(["1"] * len(columns)) for _ in range(3))]) + "\n"

    def check(changed):
        whole = with_defaults(changed, ROOT / "config/config.yaml")  # as an overlay: what it lacks is there
        validate(whole, schema)
        missing_data(whole, made=["actors"])

    for number, seed in enumerate(corpus(100)):
        kind = number % 3
        path = tmp_path / "table.csv"
        if kind == 0:
            result, said = outcome(check, changed_config(config, seed))
        elif kind == 1:
            path.write_bytes(changed_table(table, seed))
            result, said = outcome(folder.list_files, tmp_path, path)
        else:
            path.write_bytes(changed_table(sheet, seed))
            result, said = outcome(read_csv, path)
        assert result == "right" or ("\n" not in said and len(said) < 700), f"seed {seed}: {said[:300]}"
