import cv2
import numpy as np
import pandas as pd
import pytest

from cmm.errors import UserError
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS
from cmm.figures import au_curves, losses
from cmm.figures.film_strip import draw_film_strip
from cmm.tables import write_table


@pytest.fixture
def tables(tmp_path):
    frame = np.arange(1, 61)
    curve = np.clip((frame - 20) / 15, 0, 0.8)
    still = dict.fromkeys(X_COLUMNS + Y_COLUMNS, 1.0) | {"x_42": 2.0, "success": True}  # two eyes
    tracks = [
        pd.DataFrame(
            still | {"video": v, "frame": frame, "timestamp": frame / 50, "AU06_proxy": curve / 2, "AU12_proxy": curve}
        )
        for v in ("a", "b", "c")
    ]
    smiles = pd.DataFrame({"video": ["a", "b", "c"], "expression": ["posed", "posed", "spontaneous"]})
    smiles = smiles.assign(onset_frame=21, apex_frame=32)
    write_table(pd.concat(tracks), tmp_path / "tracks.parquet", {})
    write_table(smiles, tmp_path / "smiles.parquet", {"settings": {"smoothing": 0.06}})
    return tmp_path


def test_figure_4_of_the_first_videos_or_of_any(tables):
    files = tables / "tracks.parquet", tables / "smiles.parquet"
    au_curves.main(*files, tables / "out", au_curves.Settings(videos=2))
    assert {path.name for path in (tables / "out").iterdir()} == {"a.svg", "c.svg"}
    au_curves.main(*files, tables / "one", au_curves.Settings(), video="b")
    text = (tables / "one/b.svg").read_text()
    assert "<svg" in text
    with pytest.raises(UserError, match="has no video 'z'"):
        au_curves.main(*files, tables / "none", au_curves.Settings(), video="z")


def test_film_strip_has_a_row_a_sequence(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (12, 32, 32, 3), np.uint8)
    draw_film_strip(tmp_path / "two.png", [("a", frames), ("b", frames[..., 0])], {}, columns=4)
    draw_film_strip(tmp_path / "four.png", [("a", frames)] * 4, {}, columns=4)
    two, four = (cv2.imread(str(tmp_path / name)).shape for name in ("two.png", "four.png"))
    assert two[1] == four[1]
    assert four[0] == pytest.approx(2 * two[0], abs=3)


def test_losses_are_plotted(tmp_path):
    (tmp_path / "a.losses.tsv").write_text("epoch\tbce\tkl\tseconds\n1\t4.0\t1.0\t2\n2\t2.0\t0.5\t2\n")
    losses.main([tmp_path / "a.losses.tsv"], tmp_path / "l.svg")
    assert "<svg" in (tmp_path / "l.svg").read_text()
