"""Every method behind one interface: trained on a tiny set, resumed, generated from, by name."""

import logging

import numpy as np
import pytest
import torch
from random_smiles import write_random_smiles
from safetensors.torch import load_file

from cmm.cli import main as cli
from cmm.core.errors import UserError
from cmm.core.weights_file import load_networks
from cmm.evaluation.train_expression_classifier import both_ways
from cmm.evaluation.train_expression_classifier import train as train_classifier
from cmm.figures import plot_labels
from cmm.generation import generate_controls
from cmm.generation import generate_smiles as generation
from cmm.generation.generate_smiles import neutral_of
from cmm.generation.generated_file import read_generated, read_pair
from cmm.methods.cdaae import cdaae
from cmm.methods.cmm_mesh import cmm_mesh
from cmm.methods.controllable_i2v import controllable_i2v
from cmm.methods.cra_net import cra_net, face_vae
from cmm.methods.generator import Condition
from cmm.methods.loading import load, load_folder
from cmm.methods.registry import method_in
from cmm.methods.video_gan import video_gan
from cmm.methods.video_gan.networks import VideoDiscriminator, VideoGenerator
from cmm.networks.image_vae import ImageVAE
from cmm.sequences.smiles_file import read_smiles, write_smiles
from cmm.training import loop
from cmm.training.loop import Run

FOLD = 1
OTHERS = {
    "cra_net": cra_net,
    "video_gan": video_gan,
    "controllable_i2v": controllable_i2v,
    "cdaae": cdaae,
    "cmm_mesh": cmm_mesh,
}
SETTINGS = {
    "cra_net": cra_net.Settings(epochs=2, width=8),
    "video_gan": video_gan.Settings(epochs=2, batch_size=2),
    "controllable_i2v": controllable_i2v.Settings(epochs=2, frames_drawn=2),
    "cdaae": cdaae.Settings(epochs=2, batch_size=4, codes=6),
    "cmm_mesh": cmm_mesh.Settings(epochs=2, batch_size=4, codes=3, modes=0, frames_drawn=2, composites=4),
}


def train(smiles, folder, methods=tuple(OTHERS)):
    """All stages of these methods, small, in `folder`."""

    def run(module, name, settings, *before):
        files = (folder / f"{name}{suffix}" for suffix in (".safetensors", ".tsv", ".state"))
        module.main(smiles, *before, Run(FOLD, *files), settings)

    run(face_vae, "face_vae", face_vae.Settings(epochs=1, codes=6))
    for name in methods:
        run(OTHERS[name], name, SETTINGS[name], *([folder / "face_vae.safetensors"] if name == "cra_net" else []))
    return folder


@pytest.fixture(scope="module")
def trained(smiles, tmp_path_factory):
    return train(smiles, tmp_path_factory.mktemp("methods"))


@pytest.mark.parametrize("method", OTHERS)
def test_generated_from_a_run(method, trained, smiles, tmp_path):
    out = tmp_path / "generated.h5"
    generation.main(smiles, method, [trained / f"{method}.safetensors"], FOLD, out, generation.Settings(batch_size=2))
    made, data = read_generated(out), read_smiles(smiles, FOLD, held_out=True)
    assert made.modes == ["conditional"]
    assert made.faces.shape == (len(data), 1, 4, 32, 32, 3)
    assert made.landmarks is None
    assert made.contrast_faces.shape == (len(data), 4, 32, 32, 3)
    assert (made.contrast_faces != made.faces[:, 0]).any(), "the label must be heard"


def test_training_is_the_same_again_and_each_expression_has_a_model_of_its_own(trained, smiles, tmp_path):
    again = train(smiles, tmp_path)
    for method in OTHERS:
        first, second = (load_file(folder / f"{method}.safetensors") for folder in (trained, again))
        assert all(torch.equal(first[key], second[key]) for key in first)
    names = {key.split("/")[0] for key in load_file(trained / "video_gan.safetensors")}
    assert names == {"posed", "spontaneous"}


@pytest.mark.parametrize("name", OTHERS)
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(name, trained, smiles, tmp_path, monkeypatch, caplog):
    """Stopped in the midst of its second epoch, with all its networks and optimisers in the state."""
    module, before = OTHERS[name], [trained / "face_vae.safetensors"] if name == "cra_net" else []
    settings = SETTINGS[name]
    run = Run(FOLD, tmp_path / "w", tmp_path / "l", tmp_path / "state", state_seconds=0.0)
    save, saves = loop.State.save_if_due, []

    def stop(state, place, random):
        save(state, place, random)
        saves.append(place.epoch)
        if place.epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop.State, "save_if_due", stop)
    with pytest.raises(KeyboardInterrupt):
        module.main(smiles, *before, run, settings)
    monkeypatch.setattr(loop.State, "save_if_due", save)
    assert saves[-1] == 1
    with caplog.at_level(logging.INFO, "cmm"):
        module.main(smiles, *before, run, settings)
    assert "going on after epoch 1" in caplog.text
    whole = load_file(trained / f"{name}.safetensors")
    assert all(torch.equal(value, whole[key]) for key, value in load_file(tmp_path / "w").items())


def test_the_embedding_of_faces_keeps_its_statistics_while_it_is_tuned(trained):
    first, tuned = (
        load_networks(trained / f"{name}.safetensors", face_vae=ImageVAE)[0]["face_vae"].state_dict()
        for name in ("face_vae", "cra_net")
    )
    statistics = {key for key in first if "running" in key}
    assert statistics == {key for key in statistics if torch.equal(first[key], tuned[key])}
    assert any(not torch.equal(first[key], tuned[key]) for key in first)


def test_a_model_of_one_expression_says_so(smiles, trained, tmp_path):
    data = read_smiles(smiles)
    posed = tmp_path / "posed.h5"
    chosen = np.flatnonzero(data.expression == "posed")
    rows = [
        {"smile": data.smile[i], "subject": data.subject[i], "expression": "posed", "video": "v", "fold": data.fold[i]}
        for i in chosen
    ]
    arrays = [{name: getattr(data, name)[i] for name in ("landmarks", "faces", "points")} for i in chosen]
    write_smiles(posed, arrays, rows, 4, 32, {})
    files = (tmp_path / name for name in ("video_gan.safetensors", "l.tsv", "state"))
    video_gan.main(posed, Run(FOLD, *files), video_gan.Settings(epochs=1, batch_size=2))
    weights, out = [tmp_path / "video_gan.safetensors"], tmp_path / "g.h5"
    generation.main(posed, "video_gan", weights, FOLD, out, generation.Settings())
    assert read_generated(out).contrast_faces is None, "a gap, not a guess"
    with pytest.raises(UserError, match="has not learned 'spontaneous': it has learned posed"):
        generation.main(smiles, "video_gan", weights, FOLD, tmp_path / "h.h5", generation.Settings())


def test_controls(smiles, tmp_path):
    generate_controls.main(smiles, FOLD, tmp_path / "c.h5")
    made, data = read_generated(tmp_path / "c.h5"), read_smiles(smiles, FOLD, held_out=True)
    assert made.modes == ["original", "neutral_frame", "other_person"]
    np.testing.assert_array_equal(made.faces[:, 0], data.faces)
    assert (made.faces[:, 1] == data.faces[:, :1]).all()
    for i in range(len(data)):
        j = next(j for j in range(len(data)) if (made.faces[i, 2] == data.faces[j]).all())
        assert data.subject[j] != data.subject[i]


def test_bad_names_and_weights_are_one_line(trained, smiles, tmp_path, capsys):
    words = ["generate_smiles", "--smiles", smiles, "--fold", FOLD, "--out", tmp_path / "g.h5", "--weights"]

    def error(*more):
        assert cli([str(word) for word in [*words, *more]]) == 1
        return capsys.readouterr().err

    weights, other = trained / "cra_net.safetensors", trained / "video_gan.safetensors"
    assert "no method 'magic': choose video_gan, cra_net, cmm_net" in error(weights, "--method", "magic")
    assert "generated from multi_mode_lstm and translation: 1 weights files" in error(weights, "--method", "cmm_net")
    message = (
        "was made by cmm.methods.video_gan.video_gan: cra_net is generated from weights of cmm.methods.cra_net.cra_net"
    )
    assert message in error(other, "--method", "cra_net")
    with pytest.raises(UserError, match="no method 'magic'"):
        load_folder("magic", tmp_path)
    with pytest.raises(
        UserError, match=r"holds weights of video_gan and of cra_net and of .*: say which with --method"
    ):
        method_in(trained)
    with pytest.raises(UserError, match=r"holds no method's weights \(video_gan: video_gan; cra_net: cra_net; cmm_net"):
        method_in(tmp_path)
    with pytest.raises(UserError, match="is no folder"):
        method_in(tmp_path / "nowhere")
    assert not (tmp_path / "g.h5").exists()


def test_values_that_are_no_numbers_are_refused(trained, smiles, tmp_path, monkeypatch):
    generator = load("cra_net", [trained / "cra_net.safetensors"])
    with torch.no_grad():
        generator.vae.decoder[-1].bias.fill_(float("nan"))
    data = read_smiles(smiles, FOLD, held_out=True)
    with pytest.raises(UserError, match="not finite"):
        generator(neutral_of(data, np.arange(len(data)), 32), [Condition(name) for name in data.expression])


def test_another_size_is_compared_at_that_of_the_originals(trained, tmp_path):
    large, out = tmp_path / "large.h5", tmp_path / "g.h5"
    write_random_smiles(large, 8, 4, 64)
    generation.main(large, "cra_net", [trained / "cra_net.safetensors"], FOLD, out, generation.Settings())
    assert read_generated(out).faces.shape[3:] == (32, 32, 3), "as it was trained"
    made, data = read_pair(out, large, FOLD, ("faces",))
    assert made.faces.shape[3:] == made.contrast_faces.shape[2:] == data.faces.shape[2:] == (64, 64, 3)


def test_expressions_are_the_data_sets_own(tmp_path):
    """Three of them, from training to the figure and the classifier."""
    smiles, out = tmp_path / "s.h5", tmp_path / "g.h5"
    write_random_smiles(smiles, 12, 4, 32, ("surprise", "joy", "disgust", "joy"))
    train(smiles, tmp_path, ["cra_net"])
    generation.main(smiles, "cra_net", [tmp_path / "cra_net.safetensors"], FOLD, out, generation.Settings())
    made = read_generated(out)
    following = {"disgust": "joy", "joy": "surprise", "surprise": "disgust"}
    assert [following[name] for name in made.expression] == list(made.contrast_expression)
    names = [name for name, _ in plot_labels.person_rows(made, 0)]
    assert names == sorted([made.expression[0], made.contrast_expression[0]])
    data = read_smiles(smiles)
    classifier = train_classifier(both_ways(data.faces), data.expression, 1.0)
    assert classifier(data.faces) == list(data.expression), "those that it was trained on"


def test_shapes_of_the_networks():
    """The paper's layers at 64 pixels and 32 frames; other sizes have other depths."""
    generator = VideoGenerator()
    widths = [layer.out_channels for layer in generator.encoder if isinstance(layer, torch.nn.Conv2d)]
    assert widths == [128, 256, 512, 1024]
    grown = [layer.out_channels for layer in generator.foreground if isinstance(layer, torch.nn.ConvTranspose3d)]
    assert grown == [1024, 512, 256, 128]
    with torch.inference_mode():
        for size, frames in ((32, 8), (64, 16), (64, 32)):
            video, mask = VideoGenerator(size, frames).eval()(torch.zeros(2, 3, size, size))
            assert video.shape == (2, 3, frames, size, size)
            assert mask.shape == (2, 1, frames, size, size)
            assert VideoDiscriminator(size, frames).eval()(video).shape == (2,)
        faces = torch.zeros(2, 3, 64, 64)
        vae = ImageVAE(channels=3).eval()
        assert vae.decode(vae.encode(faces)[0]).shape == faces.shape
    with pytest.raises(ValueError, match="a power of two, 16 at most for 32 px"):
        VideoGenerator(32, 32)
    with pytest.raises(ValueError, match="a power of two"):
        VideoGenerator(64, 24)
