"""Every score by its name: how it is shown, its unit, and which way is better.

A score that a network measures carries the network's name behind its own:
`fid_efficientnet_lite0` and `fid_inception_v3` are two scores, and are never mixed.
"""

from dataclasses import dataclass

from cmm.evaluation.statistics import FEW, SMALLEST

NETWORKS = ("efficientnet_lite0", "inception_v3")  # of pictures, trained on ImageNet


@dataclass(frozen=True)
class Metric:
    title: str
    unit: str
    digits: int
    better: str  # higher | lower | original: the nearer to the originals' value | "": by itself neither
    family: str
    endless: bool = False  # it is infinite where two pictures are the same


METRICS = {
    "ssim": Metric("SSIM", "1", 3, "higher", "pictures"),
    "ssim_mouth": Metric("SSIM, mouth", "1", 3, "higher", "pictures"),
    "ssim_eyes": Metric("SSIM, eyes", "1", 3, "higher", "pictures"),
    "ssim_apex": Metric("SSIM at the apex", "1", 3, "higher", "apex"),
    "ssim_mouth_apex": Metric("SSIM at the apex, mouth", "1", 3, "higher", "apex"),
    "ssim_eyes_apex": Metric("SSIM at the apex, eyes", "1", 3, "higher", "apex"),
    "best_ssim": Metric("SSIM, best of the K modes", "1", 3, "higher", "modes"),
    "best_ssim_mouth_apex": Metric("SSIM at the apex, mouth, best of the K modes", "1", 3, "higher", "modes"),
    "psnr": Metric("PSNR", "dB", 1, "higher", "pictures", endless=True),
    "temporal_roughness": Metric("temporal roughness", "grey levels", 2, "original", "pictures"),
    "perceptual_apex": Metric("perceptual distance at the apex", "1", 3, "lower", "apex"),
    "perceptual_mouth_apex": Metric("perceptual distance at the apex, mouth", "1", 3, "lower", "apex"),
    "perceptual_eyes_apex": Metric("perceptual distance at the apex, eyes", "1", 3, "lower", "apex"),
    "inception_score": Metric("Inception Score", "1", 3, "original", "sets"),
    "inception_score_spread": Metric("spread of the Inception Score", "1", 3, "original", "sets"),
    "inception_score_difference": Metric("Inception Score - originals'", "1", 3, "original", "sets"),
    "fid": Metric("FID", "1", 2, "lower", "sets"),
    "frechet_video_distance": Metric("Frechet video distance", "1", 1, "lower", "sets"),
    "au6_curve_distance": Metric("AU6 curve distance", "AU6 x frames", 2, "lower", "motion"),
    "au12_curve_distance": Metric("AU12 curve distance", "AU12 x frames", 2, "lower", "motion"),
    "au6_proxy_curve_distance": Metric(
        "AU6 curve distance by the tracker's proxy", "AU6 x frames", 2, "lower", "judges"
    ),
    "au12_proxy_curve_distance": Metric(
        "AU12 curve distance by the tracker's proxy", "AU12 x frames", 2, "lower", "judges"
    ),
    "au6_judge_agreement": Metric("AU6: ICC of who measures it with what is known", "1", 2, "higher", "judges"),
    "au12_judge_agreement": Metric("AU12: ICC of who measures it with what is known", "1", 2, "higher", "judges"),
    "au6_video_distance": Metric("AU6 distance, video by video", "AU6 x frames", 2, "lower", "motion"),
    "au12_video_distance": Metric("AU12 distance, video by video", "AU12 x frames", 2, "lower", "motion"),
    "au12_curve_correlation": Metric("AU12 curve correlation", "1", 3, "higher", "motion"),
    "au12_at_end": Metric("AU12 at the end", "AU12, 0-1", 2, "original", "motion"),
    "landmark_error": Metric("landmark error", "IOD", 3, "lower", "landmarks"),
    "best_landmark_error": Metric("landmark error, best of the K modes", "IOD", 3, "lower", "modes"),
    "best_au12_video_distance": Metric("AU12 distance, best of the K modes", "AU12 x frames", 2, "lower", "modes"),
    "coverage": Metric("smiles that a mode comes near, a share", "1", 2, "higher", "modes"),
    "mode_diversity": Metric("mode diversity", "IOD", 3, "", "landmarks"),
    "diversity_beyond_amplitude": Metric("mode diversity beyond amplitude", "IOD", 3, "", "landmarks"),
    "expression_contrast": Metric("contrast of two expressions", "IOD", 3, "", "landmarks"),
    "tracker_noise": Metric("tracker noise, floor of diversity and contrast", "IOD", 3, "", "landmarks"),
    "tracker_noise_beyond_amplitude": Metric(
        "tracker noise, floor of the diversity beyond amplitude", "IOD", 3, "", "landmarks"
    ),
    "tracked": Metric("frames with a face, a share", "1", 3, "higher", "judges"),
    "smile_amplitude": Metric("amplitude", "AU12, 0-1", 2, "original", "cues"),
    "peak_speed": Metric("peak speed", "AU12 a frame of the sequence", 3, "original", "cues"),
    "onset_duration": Metric("duration of the onset", "frames of the sequence", 1, "original", "cues"),
    "smile_asymmetry": Metric("asymmetry", "1", 2, "original", "cues"),
    "au6_share": Metric("AU6 over AU12", "1", 2, "original", "cues"),
    "identity_distance_dlib_resnet": Metric("identity distance", "1", 3, "original", "people"),
    "expression_accuracy": Metric("expression read as intended", "1", 2, "higher", "people"),
}
BETTER = {"higher": "higher", "lower": "lower", "original": "near the original's", "": ""}  # in a table's words
NOTES = {  # what a reader of a family's table should know
    "landmarks": (
        "Diversity and contrast are no merit by themselves: jitter has them, too. Read them beside the landmark error."
    ),
    "cues": (
        "From the curves of AU12 and AU6, and the ways of the lip corners: what people and classifiers tell posed from"
        " spontaneous smiles by. Read them beside the original's."
    ),
    "sets": "The control of other people is made of the originals, and has no such scores.",
    "people": (
        "Identity: a smile takes the originals themselves some way from the input face, which held still has none."
        " Expression: a method that always moves alike is read as one expression always and as any other never, so read"
        " all lines; of two expressions chance is 0.5 on average."
    ),
}
FAMILIES = {  # each a table that a page is wide enough for
    "pictures": "Pictures, against the original sequence",
    "apex": "The last picture, the smile's apex, against the original's",
    "sets": "Sets of pictures and videos, against the set of originals",
    "motion": "Action units over time, as a face tracker sees them",
    "landmarks": "Landmarks: how near the original, how far apart, and what is a tracker's noise",
    "modes": "The K modes together, against the one smile that the original shows",
    "judges": "What the measure of action units is worth",
    "cues": "Cues of the smile",
    "people": "Whose face, and which expression",
}


JUDGED = ("motion", "modes", "judges", "cues")  # families of which action units are part


def spreads(ranges):
    """What stands behind a table's values, as far as it is there. ranges: its column `range`, True, False or None."""
    few = [bool(value) for value in ranges if value is not None and value == value]
    said = ["In brackets: 95 percent intervals of the bootstrap over people."] if not all(few) else []
    if any(few):
        said += [
            f"In parentheses, of fewer than {FEW} people or fewer than {SMALLEST} in a fold: the lowest and highest of"
            " them (of scores of sets: over resampled people)."
        ]
    return " ".join(said)


def split_name(name):
    """(name in METRICS, network or "") of a score's name."""
    for network in NETWORKS:
        if name.endswith(f"_{network}"):
            return name.removesuffix(f"_{network}"), network
    return name, ""


def metric_of(name):
    """The Metric of a score's name; KeyError for one that nobody has declared."""
    return METRICS[split_name(name)[0]]


def title_of(name):
    """A score's title, with its network."""
    network = split_name(name)[1]
    return metric_of(name).title + (f" ({network})" if network else "")


def shown(name, value, low, high, few):
    """A value with its interval, in the score's number of digits: 0.91 [0.90, 0.93]; of `few` people with a range:
    0.91 (0.90 to 0.93). The value alone where there is neither, as of one person.
    """
    value, low, high = (f"{number:z.{metric_of(name).digits}f}" for number in (value, low, high))
    if low == "nan":
        return value
    return f"{value} ({low} to {high})" if few else f"{value} [{low}, {high}]"


def in_order(names):
    """Scores in the order of this page."""
    order = list(METRICS)
    return sorted(names, key=lambda name: (order.index(split_name(name)[0]), name))
