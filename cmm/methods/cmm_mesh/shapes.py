"""Shapes of CMM-mesh: how a face's mesh moves from neutral to smiling, learned from meshes alone.

A mesh's points are brought into the head's frame by the similarity (Umeyama 1991) of the points that do not smile
to the mean neutral face, so that turned and tilted heads smile as frontal ones do. Displacements
there are codes of principal components; a ridge regression gives the code of a person's smile from their
neutral shape and the expression; the modes lie around it, along the ways in which people's smiles differ.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import Delaunay, cKDTree

from cmm.faces.mesh import EYE_CORNERS, LOWER_LIP, MOUTH_CORNERS, POINTS, UPPER_LIP, WITHIN_LIPS
from cmm.faces.triangles import outline_of, smooth_step

STILL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 234, 127, 162, 21, 54, 103, 67, 109, 151, 9, 8, 168, 6, 197, 195,
    33, 133, 362, 263,
)  # fmt: skip  # forehead, temples, ridge of the nose, corners of the eyes
FAINT = 0.3  # share of the predicted amplitude below which a smile is too faint to show its kind
ODD = 2.5  # features farther from the mean than so many deviations are taken for that
FADE = 0.3  # width of the rim of the face that moves less and less outward [IOD]


@dataclass(frozen=True)
class Pose:
    """The similarity from pictures to heads' frames: scale * rotation @ (picture - source) + target."""

    rotation: np.ndarray  # (..., 3, 3)
    scale: np.ndarray  # (...,)
    source: np.ndarray  # (..., 3)
    target: np.ndarray  # (3,)

    def to_head(self, mesh):
        """Meshes (..., 468, 3) of pictures in the head's frame."""
        moved = (mesh - self.source[..., None, :]) @ np.swapaxes(self.rotation, -1, -2)
        return self.scale[..., None, None] * moved + self.target

    def to_picture(self, displacements):
        """Displacements (..., 468, 3) of the head's frame in pictures."""
        return displacements @ self.rotation / self.scale[..., None, None]


def pose_of(mesh, mean):
    """Pose of meshes (..., 468, 3) against the mean face (468, 3), by the points that do not smile."""
    source, target = mesh[..., STILL, :].astype(float), mean[list(STILL)]
    middle, centre = source.mean(axis=-2), target.mean(axis=-2)
    s, t = source - middle[..., None, :], target - centre
    u, values, vt = np.linalg.svd(np.swapaxes(s, -1, -2) @ t)
    sign = np.ones_like(values)
    sign[..., -1] = np.sign(np.linalg.det(u @ vt))
    rotation = np.swapaxes((u * sign[..., None, :]) @ vt, -1, -2)
    scale = (values * sign).sum(axis=-1) / (s**2).sum(axis=(-1, -2))
    return Pose(rotation, scale, middle, centre)


def angle_of(pose):
    """Degrees between where a head looks and the camera: 0 frontal, 90 a profile or the top of the head."""
    return np.degrees(np.arccos(np.clip(pose.rotation[..., 2, 2], -1, 1)))


def mean_face(meshes, rounds=4):
    """Mean (468, 3) of neutral meshes (n, 468, 3): frontal, the eyes' centres one unit apart (Procrustes)."""
    mean = _unit(meshes[0].astype(float))
    for _ in range(rounds):
        mean = _unit(pose_of(meshes, mean).to_head(meshes).mean(axis=0))
    return mean


def _unit(mesh):
    """A mesh turned frontal, as symmetrical as it can be, with unit distance between the eyes, centred between them."""
    eyes = np.array([mesh[list(pair)].mean(axis=0) for pair in EYE_CORNERS])
    across = eyes[1] - eyes[0]
    down = mesh[152] - mesh[10]  # chin and top of the forehead
    x = across / np.linalg.norm(across)
    y = down - (down @ x) * x
    y /= np.linalg.norm(y)
    axes = np.array([x, y, np.cross(x, y)])
    return (mesh - eyes.mean(axis=0)) @ axes.T / np.linalg.norm(across)


def rim(mean):
    """Share (468,) of its displacement that each point makes: 0 on the face's outline, 1 well inside."""
    outline = outline_of(mean)
    along = np.linspace(0, 1, 64)[:, None, None]
    edge = ((1 - along) * outline + along * np.roll(outline, -1, axis=0)).reshape(-1, 2)
    return smooth_step(cKDTree(edge).query(mean[:, :2])[0] / FADE)


def closed_at_most(mesh):
    """Head-frame meshes (..., 468, 3) whose inner lips meet where they had passed through each other.

    The rows behind them give way, less and less outward: else those of thin lips would lie before the inner ones.
    """
    mesh = mesh.copy()
    upper, lower = mesh[..., UPPER_LIP, :], mesh[..., LOWER_LIP, :]
    crossed = (lower[..., 1] < upper[..., 1])[..., None]
    back = np.where(crossed, (lower - upper) / 2, 0)  # of the upper lip; of the lower one the opposite
    rows = ((UPPER_LIP, LOWER_LIP), *WITHIN_LIPS)
    for number, (above, below) in enumerate(rows):
        share = 1 - number / len(rows)
        mesh[..., above, :] += share * back
        mesh[..., below, :] -= share * back
    return mesh


def triangles_of(mesh):
    """Delaunay triangles (m, 3) of a frontal mesh (468, 3)."""
    return Delaunay(mesh[:, :2]).simplices


def learn_shapes(meshes, label, subject, *, codes, reach):
    """What the meshes (n, t, >= 468, 3) of training sequences with expressions `label` (n,) of people teach.

    {name: array}, as the network SmileShapes holds them.
    """
    meshes = meshes[:, :, :POINTS].astype(float)
    mean = mean_face(meshes[:, 0])
    heads = pose_of(meshes, mean).to_head(meshes)
    fade = rim(mean)[:, None]
    moves = (heads - heads[:, :1]) * fade  # (n, t, 468, 3)
    apex = moves[:, -1].reshape(len(moves), -1)
    components = np.linalg.svd(apex, full_matrices=False)[2][:codes]  # uncentred: the regression has the mean
    paths = moves.reshape(*moves.shape[:2], -1) @ components.T  # (n, t, p)
    neutral = (heads[:, 0] - mean).reshape(len(heads), -1)
    spread, features = np.linalg.svd(neutral - neutral.mean(axis=0), full_matrices=False)[1:]
    features = features[:codes] / (spread[:codes, None] / np.sqrt(len(neutral)) + 1e-9)  # variance 1 a feature
    expressions = label.max() + 1
    known = np.hstack([np.eye(expressions)[label], neutral @ features.T])
    weights = ridge(known, paths[:, -1], expressions, subject)
    amplitude = amplitude_of(apex.mean(axis=0), components)
    return {
        "mean": mean,
        "fade": fade[:, 0],
        "triangles": triangles_of(mean + 1.5 * apex.mean(axis=0).reshape(POINTS, 3)),  # with open lips
        "components": components,
        "features": features,
        "weights": weights,
        "curves": np.stack([time_courses(paths[label == one]) for one in range(expressions)]),
        "ways": reach * ways_of(paths[:, -1], known @ weights, amplitude),
    }


def smiles_from(mesh, known, modes, label, strength, frames, pace=1.0):
    """Meshes (1 + k, frames, 468, 3) of the mean smile and k modes of a neutral mesh (468, 3), in its pixels.

    `known` are the arrays of `learn_shapes`, `modes` residual codes (k, p), `label` the expression's number; `frames`
    None: as the training sequences. A `pace` above 1 begins more slowly than they did, and ends faster.
    """
    pose = pose_of(mesh, known["mean"])
    head = pose.to_head(mesh)
    feature = np.clip((head - known["mean"]).ravel() @ known["features"].T, -ODD, ODD)
    curves = known["curves"][label]  # (p, t)
    expression = np.eye(len(known["weights"]) - len(feature))[label]
    mean = np.concatenate([expression, feature]) @ known["weights"]
    ends = strength * (mean + np.vstack([np.zeros_like(mean), modes]))  # (1 + k, p)
    times = np.linspace(0, 1, frames or curves.shape[1]) ** pace * (curves.shape[1] - 1)
    share = np.stack([np.interp(times, np.arange(len(curve)), curve) for curve in curves], axis=1)  # (frames, p)
    moves = (ends[:, None] * share) @ known["components"]
    heads = closed_at_most(head + moves.reshape(*moves.shape[:2], POINTS, 3))
    return mesh + pose.to_picture(heads - closed_at_most(head))


PENALTIES = 10.0 ** np.arange(-1, 6)


def ridge(known, wanted, free, groups):
    """Weights (q, p) of wanted (n, p) = known (n, q) @ weights; the first `free` columns are not penalised.

    The penalty is that of PENALTIES which predicts left-out people (in five parts of `groups`) best.
    """
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    part = np.array([names[name] % 5 for name in groups])
    penalised = np.arange(known.shape[1]) >= free

    def solved(rows, penalty):
        x = known[rows]
        return np.linalg.solve(x.T @ x + np.diag(penalty * penalised + 1e-6), x.T @ wanted[rows])

    def error(penalty):
        parts = [number for number in range(5) if 0 < (part == number).sum() < len(part)]
        return sum(((known[part == i] @ solved(part != i, penalty) - wanted[part == i]) ** 2).sum() for i in parts)

    return solved(np.ones(len(known), bool), min(PENALTIES, key=error))


def amplitude_of(displacement, components):
    """How far the corners of the mouth go along their mean way: (p,), its product with a code is that [IOD]."""
    way = np.zeros((POINTS, 3))
    corners = displacement.reshape(POINTS, 3)[list(MOUTH_CORNERS)]
    way[list(MOUTH_CORNERS)] = corners / np.linalg.norm(corners, axis=1, keepdims=True) / len(MOUTH_CORNERS)
    return components @ way.ravel()


def time_courses(paths):
    """Share (p, t) of its end that each code has reached, by least squares over paths (n, t, p): 0 first, 1 last.

    The first code is the smile itself. A code that hardly moves follows it, for its own course would be noise.
    """
    own = np.einsum("ntp,np->pt", paths - paths[:, :1], paths[:, -1])
    whole = own[:1] / own[0, -1]
    prior = np.median(own[:, -1])
    return (own + prior * whole) / (own[:, -1:] + prior)


def ways_of(ends, predicted, amplitude):
    """Residual codes (2, p) of the two main ways in which smiles of equal amplitude differ, one deviation each.

    ends, predicted (n, p). What differs in amplitude alone is the condition's strength, no kind of smile.
    """
    own, asked = ends @ amplitude, predicted @ amplitude
    smiles = own > FAINT * asked  # who hardly smiles has no kind of smile
    residuals = ends[smiles] * (asked / own)[smiles, None] - predicted[smiles]
    residuals -= np.outer(residuals @ amplitude, amplitude) / (amplitude @ amplitude)
    length = np.linalg.norm(residuals, axis=1, keepdims=True)
    residuals *= np.minimum(1, 2 * np.median(length) / length)  # a few grimaces are no kind of smile either
    _, spread, ways = np.linalg.svd(residuals - residuals.mean(axis=0), full_matrices=False)
    return ways[:2] * spread[:2, None] / np.sqrt(len(residuals))


def modes_of(ways, count, turn=0.0):
    """Residual codes (count, p) of modes: evenly around the mean smile in the plane of `ways`, `turn` [rad] farther."""
    turns = turn + 2 * np.pi * np.arange(count) / max(count, 1)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1) @ ways
