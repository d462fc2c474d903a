import re

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cmm.core.errors import UserError
from cmm.core.figure_file import WIDTH, panels
from cmm.core.tables import read_table, write_table
from cmm.faces.landmarks import X_COLUMNS, Y_COLUMNS
from cmm.figures import (
    plot_au_curves,
    plot_contact_sheet,
    plot_labels,
    plot_losses,
    plot_mean_curves,
    plot_methods,
    plot_modes,
)
from cmm.generation.film_strip import SIDE, draw_film_strip
from cmm.generation.film_strip import Settings as Strips
from cmm.generation.generated_file import read_generated, write_generated
from cmm.sequences.smiles_file import read_smiles


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
    smiles = smiles.assign(subject="p1", onset_frame=21, apex_frame=32)
    write_table(pd.concat(tracks), tmp_path / "tracks.parquet", {})
    none = pd.DataFrame({"video": [], "frame": [], "AU06": [], "AU12": []}).astype({"video": str, "frame": int})
    write_table(none, tmp_path / "labels.parquet", {})
    write_table(smiles, tmp_path / "smiles.parquet", {"settings": {"smoothing": 0.06}})
    return tmp_path


def test_figure_4_of_the_first_videos_or_of_any(tables):
    files = tables / "tracks.parquet", tables / "labels.parquet", tables / "smiles.parquet"
    plot_au_curves.main(*files, tables / "out", plot_au_curves.Settings(videos=2))
    assert {path.name for path in (tables / "out").iterdir()} == {"a.svg", "c.svg"}
    plot_au_curves.main(*files, tables / "one", plot_au_curves.Settings(), video="b")
    text = (tables / "one/b.svg").read_text()
    assert "<svg" in text
    with pytest.raises(UserError, match="no rows of video 'z'"):
        plot_au_curves.main(*files, tables / "none", plot_au_curves.Settings(), video="z")


def test_figure_4_shows_what_people_have_coded_where_the_tracker_gives_nothing(tables):
    tracks = read_table(tables / "tracks.parquet").drop(columns=["AU06_proxy", "AU12_proxy"])
    write_table(tracks, tables / "points.parquet", {})
    coded = pd.DataFrame({"video": "a", "frame": np.arange(1, 61), "AU06": 1.0, "AU12": np.linspace(0, 5, 60)})
    write_table(coded, tables / "coded.parquet", {})
    files = tables / "points.parquet", tables / "coded.parquet", tables / "smiles.parquet"
    plot_au_curves.main(*files, tables / "coded", plot_au_curves.Settings(videos=1))
    assert [path.name for path in (tables / "coded").iterdir()] == ["a.svg"]
    with pytest.raises(UserError, match="no AU12"):
        plot_au_curves.main(*files, tables / "uncoded", plot_au_curves.Settings(), video="b")


def test_film_strip_has_a_row_a_sequence(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (12, 32, 32, 3), np.uint8)
    draw_film_strip(tmp_path / "two.png", [("a", frames), ("a", frames[..., 0])], {}, columns=4)
    draw_film_strip(tmp_path / "four.png", [("a", frames)] * 4, {}, columns=4)
    two, four = (cv2.imread(str(tmp_path / name)).shape for name in ("two.png", "four.png"))
    assert two[1] == four[1]
    assert four[0] == pytest.approx(2 * two[0], abs=3)


def test_losses_are_plotted(tmp_path):
    (tmp_path / "a.losses.tsv").write_text("epoch\tbce\tkl\tseconds\n1\t4.0\t1.0\t2\n2\t2.0\t0.5\t2\n")
    (tmp_path / "b.losses.tsv").write_text("epoch\tbce\tbce_held_out\tseconds\n1\t4.0\t12.0\t2\n2\t2.0\t3.5\t2\n")
    plot_losses.main([tmp_path / "a.losses.tsv", tmp_path / "b.losses.tsv"], tmp_path / "l.svg")
    text = (tmp_path / "l.svg").read_text()
    (dashed,) = re.findall(r'd="([^"]*)" clip-path[^>]*stroke-dasharray', text)
    panel = min(float(y) for y in re.findall(r'<rect x="[\d.]+" y="([\d.]+)"', text))
    assert min(float(y) for y in re.findall(r"[\d.]+ ([\d.]+)", dashed)) > panel, "it lies in the panel"
    assert text.count("kl (1 to 0.5)") == text.count("bce (4 to 2; held out 3.5)") == 1


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_figures_fit_a_printed_page(count):
    figure, axes = panels(count, 2.4)
    assert len(axes) == count
    assert figure.get_figwidth() <= WIDTH
    assert figure.get_figheight() == pytest.approx(2.4 * -(-count // 2))
    plt.close(figure)


def test_a_stage_is_called_by_what_its_method_says_of_it():
    assert plot_losses.title("translation") == "translation: landmark images to faces"
    assert plot_losses.title("of_nobody") == "of_nobody"


@pytest.fixture
def generated(smiles, tmp_path):
    """A method with landmarks and a contrast, and one without either, on the test fold of the tiny smiles.h5."""
    data = read_smiles(smiles, 1, held_out=True)
    who = {"smile": data.smile, "subject": data.subject, "expression": data.expression, "modes": ["conditional"]}
    faces, drawn = np.asarray(data.faces)[:, None], np.asarray(data.landmarks)[:, None] * 255
    other = np.where(data.expression == "posed", "spontaneous", "posed")
    full = {"faces": faces, "landmarks": drawn}
    full |= {"contrast_faces": faces[:, 0, ::-1], "contrast_landmarks": drawn[:, 0, ::-1]}
    write_generated(tmp_path / "full.h5", [full], who | {"contrast_expression": other}, {})
    write_generated(tmp_path / "bare.h5", [{"faces": faces}], who, {})
    return tmp_path


def rows_of(path):
    """Rows of pictures in a strip, from its height."""
    return cv2.imread(str(path)).shape[0] // SIDE  # title and gaps are less than one


def test_figure_5_has_both_expressions_or_what_there_is(generated):
    for name, rows in (("full", 4), ("bare", 1)):
        plot_labels.main(generated / f"{name}.h5", generated / f"{name} labels", Strips(columns=4))
        strips = list((generated / f"{name} labels").iterdir())
        assert [rows_of(path) for path in strips] == [rows] * 3


def test_figure_5_keeps_the_order_of_the_expressions(generated):
    made = read_generated(generated / "full.h5")
    for i in range(len(made.smile)):
        names = [name for name, _ in plot_labels.person_rows(made, i)]
        assert names == ["posed\nlandmarks", "posed", "spontaneous\nlandmarks", "spontaneous"]
        own = dict(plot_labels.person_rows(made, i))[made.expression[i]]
        np.testing.assert_array_equal(own, made.faces[i, 0])


@pytest.mark.parametrize(("asked", "rows"), [(1, [0]), (3, [0, 1, 6]), (4, [0, 1, 6, 7]), (20, [*range(8)])])
def test_a_contact_sheet_spreads_its_rows_over_each_expression(smiles, tmp_path, monkeypatch, asked, rows):
    drawn, data = [], read_smiles(smiles)
    monkeypatch.setattr(plot_contact_sheet, "draw_film_strip", lambda out, rows, *_, **__: drawn.extend(rows))
    plot_contact_sheet.main(smiles, tmp_path / "sheet.png", plot_contact_sheet.Settings(sequences=asked))
    assert [label for label, _ in drawn] == [f"{data.smile[i]}\n{data.expression[i]}" for i in rows]
    for (_, pictures), i in zip(drawn, rows, strict=True):
        line = data.landmarks[i] > 0
        assert (pictures[line] == plot_contact_sheet.GREEN).all()
        np.testing.assert_array_equal(pictures[~line], data.faces[i][~line])


@pytest.mark.parametrize(("most", "of"), [(16, {"a": 3, "b": 13}), (6, {"a": 3, "b": 3}), (1, {"a": 1, "b": 0})])
def test_a_rare_expression_leaves_its_rows_to_the_others(most, of):
    expressions = np.array(["a"] * 3 + ["b"] * 100)
    chosen = plot_contact_sheet.spread(expressions, most)
    assert chosen == sorted(set(chosen))
    assert {name: sum(expressions[i] == name for i in chosen) for name in of} == of


def test_a_contact_sheet_is_a_picture(smiles, tmp_path):
    plot_contact_sheet.main(smiles, tmp_path / "sheet.png", plot_contact_sheet.Settings(sequences=3))
    assert rows_of(tmp_path / "sheet.png") == 3


def test_figures_6_and_7_have_a_row_a_sequence(generated, smiles):
    plot_modes.main(smiles, generated / "full.h5", 1, generated / "modes", Strips(columns=4))
    assert {rows_of(path) for path in (generated / "modes").iterdir()} == {3}, "original, landmarks, faces"
    files, names = [generated / "full.h5", generated / "bare.h5"], ["cmm_net", "video_gan"]
    plot_methods.main(smiles, files, names, 1, generated / "methods", Strips(columns=4))
    strips = list((generated / "methods").iterdir())
    assert len(strips) == 3, "a test video each"
    assert {rows_of(path) for path in strips} == {3}
    with pytest.raises(UserError, match="--methods names 1 methods, --generated 2 files"):
        plot_methods.main(smiles, files, names[:1], 1, generated / "none", Strips())


def curve_rows(method, subject, values):
    who = {"dataset": "actors", "fold": 10, "seed": 1, "method": method, "expression": "posed", "subject": subject}
    mode = method if method == "original" else "conditional"
    frames = {"frame": np.arange(1, len(values) + 1), "AU06": values / 2, "AU12": values}
    return pd.DataFrame(who | {"smile": f"{subject}_1", "mode": mode} | frames)


def test_figure_8_shows_every_method_with_its_band(tmp_path):
    rise = np.linspace(0, 1, 12)
    people = (("a", 0.6), ("b", 0.8), ("c", 1.0))
    parts = [curve_rows("original", person, height * rise) for person, height in people]
    parts += [curve_rows("cra_net", person, height * rise / 2) for person, height in people]
    parts.append(curve_rows("cmm_net", "a", np.full(12, np.nan)))
    table = pd.concat(parts)
    write_table(table, tmp_path / "curves.parquet", {})
    mean, low, high = plot_mean_curves.band(table[table["method"] == "original"], "AU12")
    np.testing.assert_allclose(mean[2:-2], (0.8 * rise)[2:-2])
    assert (low[3:] < mean[3:]).all()
    assert (mean[3:] < high[3:]).all()
    assert np.isnan(plot_mean_curves.band(table[table["method"] == "cmm_net"], "AU12")[0]).all(), "never found: no line"
    plot_mean_curves.main(tmp_path / "curves.parquet", "actors", tmp_path / "8.svg")
    text = (tmp_path / "8.svg").read_text()
    assert "<svg" in text
    assert all(colour in text.upper() for colour in ("#000000", "#D55E00"))
    with pytest.raises(UserError, match="has no curves of london"):
        plot_mean_curves.main(tmp_path / "curves.parquet", "london", tmp_path / "9.svg")
