"""Scores of pictures: of each sequence against the original, and of the whole set against the originals' set.

Most of a face stands still in a smile, so that a frozen face has a high SSIM: the same is
measured in the regions of mouth and eyes, and at the apex, the last frame of a sequence.
"""

import logging
from dataclasses import dataclass

import numpy as np

from cmm.core.errors import UserError
from cmm.core.progress import progress
from cmm.core.settings import setting
from cmm.evaluation import image_networks
from cmm.evaluation.metrics.distributions import frechet_distance, inception_score, video_features
from cmm.evaluation.metrics.perceptual import perceptual_distance
from cmm.evaluation.metrics.psnr import psnr
from cmm.evaluation.metrics.regions import REGIONS, boxes, cut
from cmm.evaluation.metrics.smoothness import temporal_roughness
from cmm.evaluation.metrics.ssim import means_in, ssim_maps
from cmm.evaluation.score_rows import ScoringRun

log = logging.getLogger("cmm")
SPLITS = 10  # of the Inception Score's spread


@dataclass(frozen=True)
class Settings:
    network: str = setting(
        "auto",
        "of ImageNet; auto: inception_v3 where its weights are, else what is embedded",
        choices=image_networks.CHOICES,
    )
    frame_step: int = setting(4, "frames from one that the network sees to the next, for the scores of sets", minimum=1)


def main(
    run: ScoringRun,
    settings: Settings,
):
    """Measure every test video, and the set."""
    made, data, rows = run.read("faces", "points")
    network = image_networks.load(settings.network)
    log.info("pictures are described by %s", network.name)
    for i in progress(range(len(made.smile)), "test videos scored"):
        apex, found = Apex(network, data.faces[i], data.points[i]), {}
        for mode, faces in zip(made.modes, made.faces[i], strict=True):
            found[mode] = of_sequence(faces, data.faces[i], data.points[i])
            rows.video(i, mode, **found[mode], **apex.distances(faces))
        rows.best(i, found, "ssim", "ssim_mouth_apex")
    real = FeatureSet(network, data.faces, settings.frame_step)
    for m, mode in enumerate(progress(made.modes, "sets described")):
        if rows.has_sets(mode):
            mine = (made.faces[i, m] for i in range(len(made.smile)))
            rows.sets(mode, **of_set(FeatureSet(network, mine, settings.frame_step), real, network.name))
    rows.write(run.out, run.about(__name__, settings, network=network.name))


def of_sequence(faces, original, points):
    """Scores {metric: value} of one sequence (t, s, s, 3) uint8 against the original, whose points are (t, 68, 2)."""
    whole, maps = ssim_maps(faces, original)
    frames = {"ssim": whole}
    frames |= {f"ssim_{region}": means_in(maps, boxes(points, region, original.shape[1])) for region in REGIONS}
    values = {name: float(every.mean()) for name, every in frames.items()}
    values |= {f"{name}_apex": float(every[-1]) for name, every in frames.items()}
    return values | {"psnr": psnr(faces, original), "temporal_roughness": temporal_roughness(faces)}


class Apex:
    """The original's last frame as a network sees it: whole, and the parts of it that a smile moves."""

    def __init__(self, network, original, points):
        size = original.shape[1]
        self.network = network
        self.parts = {"": (0, 0, size, size)}
        self.parts |= {f"_{region}": boxes(points[-1:], region, size)[0] for region in REGIONS}
        self.layers = {part: network.layers(cut(original[-1], box)) for part, box in self.parts.items()}

    def distances(self, faces):
        """Perceptual distances {metric: value} of a sequence's last frame to the original's."""
        values = {}
        for part, box in self.parts.items():
            seen = self.network.layers(cut(faces[-1], box))
            values[f"perceptual{part}_apex_{self.network.name}"] = perceptual_distance(seen, self.layers[part])
        return values


class FeatureSet:
    """What a network sees in every so many frames of n videos, each (t, s, s, 3): features and class probabilities."""

    def __init__(self, network, videos, frame_step):
        described = [network.describe(seen_frames(faces, frame_step)) for faces in videos]
        self.features, self.probabilities = (np.stack(values).astype(float) for values in zip(*described, strict=True))

    def frames(self, chosen):
        """Features (m, d) of all frames of some videos."""
        return self.features[chosen].reshape(-1, self.features.shape[-1])

    def score(self, chosen, splits=1):
        """Inception Score of some videos: (mean, deviation over `splits` parts)."""
        return inception_score(self.probabilities[chosen].reshape(-1, self.probabilities.shape[-1]), splits)

    def videos(self, chosen):
        """Features (m, 3 d) of some videos as wholes."""
        return video_features(self.features[chosen])


def seen_frames(faces, frame_step):
    """Every so many frames of a video (t, s, s, 3), the last one, the apex, among them; UserError for one alone."""
    kept = faces[::-frame_step][::-1]
    if len(kept) < 2:
        raise UserError(f"--frame-step {frame_step}: of {len(faces)} frames the network would see one; take less")
    return kept


def of_set(fake, real, network):
    """Scores of a set, {metric: function of an index array of videos}, against the originals."""
    return {
        f"inception_score_{network}": lambda chosen: fake.score(chosen)[0],
        f"inception_score_spread_{network}": lambda chosen: fake.score(chosen, SPLITS)[1],
        f"inception_score_difference_{network}": lambda chosen: fake.score(chosen)[0] - real.score(chosen)[0],
        f"fid_{network}": lambda chosen: frechet_distance(fake.frames(chosen), real.frames(chosen)),
        f"frechet_video_distance_{network}": lambda chosen: frechet_distance(fake.videos(chosen), real.videos(chosen)),
    }
