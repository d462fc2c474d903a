"""Curves of action units over a video, from its tracks."""

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d, median_filter

from cmm.core.tables import read_table
from cmm.faces.backends import au_columns, au_scale
from cmm.faces.blinks import in_blink
from cmm.faces.landmarks import lip_corners, points_of

AU_TITLES = {"AU06": "AU6 cheek raiser", "AU12": "AU12 lip corner puller"}  # by the names of their curves
SMOOTHING = 0.06  # sigma [s] where no setting says it
HIGHEST = 5  # intensity of an action unit, as people code it; curves are 0-1
LONGEST_BLINK = 0.45  # seconds; a longer closure is an expression, not a blink


def smooth_curves(frame, smoothing):
    """Table {frame, timestamp, success, AU06, AU12 in 0-1, raw_AU06, raw_AU12, corners} of one video.

    `smoothing` is in seconds. Frames without a face are interpolated; intensities
    on the 0-5 scale are divided by 5; AU6 is bridged over blinks. `corners` is how far
    the lip corners have moved out and up [IOD].
    """
    frame = frame.sort_values("frame")
    time = frame["timestamp"].to_numpy()
    rate = _frame_rate(time)
    au6, au12 = (_fill(frame[name].to_numpy(float) / au_scale(name)) for name in au_columns(frame))
    table = {"frame": frame["frame"].to_numpy(), "timestamp": time, "raw_AU06": au6, "raw_AU12": au12}
    table["success"] = frame["success"].to_numpy()
    if "AU45_proxy" in frame:
        closure = _fill(frame["AU45_proxy"].to_numpy(float))
        hidden = in_blink(closure, LONGEST_BLINK * rate, max(1, int(round(0.04 * rate))))
        au6 = _fill(np.where(hidden, np.nan, au6))
    curves = {"AU06": au6, "AU12": au12, "corners": _fill(lip_corners(points_of(frame)))}
    for name, curve in curves.items():
        table[name] = _smooth(curve, time, rate, smoothing)
    return pd.DataFrame(table)


def read_coded(labels):
    """{video: table {frame, AU06, AU12}} of the action units that people have coded, from the table of them."""
    return dict(list(read_table(labels, ["video", "frame", "AU06", "AU12"]).groupby("video")))


def with_coded(frame, coded):
    """Tracks of one video with the intensities that people have coded as its AU06_r and AU12_r; NaN where not coded."""
    coded = coded.set_index("frame").reindex(frame["frame"])
    proxies = [name for name in frame if name == "AU45_proxy"]  # coders see through a blink
    return frame.drop(columns=proxies).assign(AU06_r=coded["AU06"].to_numpy(), AU12_r=coded["AU12"].to_numpy())


def intensities(frame):
    """AU6 and AU12 of the frames of one video, smoothed, (t, 2) float32 in 0-5; NaN where its tracks hold none."""
    if not any(name.startswith("AU12") for name in frame):  # people have coded them, and the tracker gives none
        return np.full((len(frame), 2), np.nan, np.float32)
    return HIGHEST * smooth_curves(frame, SMOOTHING)[["AU06", "AU12"]].to_numpy(np.float32)


def _smooth(curve, time, rate, smoothing):
    """Median and Gaussian filter of a sigma in seconds, on even steps of time whatever the video's are."""
    steps = np.diff(time)
    even = len(steps) == 0 or np.ptp(steps) < 0.05 / rate
    grid = time if even else np.arange(time[0], time[-1] + 0.5 / rate, 1 / rate)
    width = max(1, int(round(smoothing * rate))) // 2 * 2 + 1
    curve = median_filter(np.interp(grid, time, curve), width, mode="nearest")
    curve = gaussian_filter1d(curve, max(smoothing * rate, 1e-6), mode="nearest")
    return np.interp(time, grid, curve)


def _fill(curve):
    """Linear interpolation over NaN; zeros where nothing is known."""
    known = ~np.isnan(curve)
    if not known.any():
        return np.zeros_like(curve)
    return np.interp(np.arange(len(curve)), np.flatnonzero(known), curve[known])


def _frame_rate(timestamps):
    steps = np.diff(timestamps)
    step = np.median(steps) if len(steps) else 0
    return 1 / step if step > 0 else 25.0
