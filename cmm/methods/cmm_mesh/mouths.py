"""Mouths of CMM-mesh: what the refiner sees of a bent face, and pairs of them to learn from."""

from dataclasses import dataclass

import numpy as np
import torch

from cmm.faces.mesh import POINTS
from cmm.methods.cmm_mesh.shapes import pose_of
from cmm.methods.cmm_mesh.teeth import brightest, edges_of, parted, place, plate_of
from cmm.methods.cmm_mesh.warping import bend, maps_between, mouth_masks

LEFT, TOP, SIDE = 0.1875, 0.375, 0.625  # the mouth's crop, shares of an aligned face's side
MOVE = 0.1  # displacement that is 1 to the network, a share of the face's side


@dataclass(frozen=True)
class Crop:
    """The mouth's place in an aligned face of a side."""

    size: int

    @property
    def origin(self):
        return round(LEFT * self.size), round(TOP * self.size)

    @property
    def side(self):
        return round(SIDE * self.size)

    def moves_of(self, maps):
        """Displacement (c, c, 2) float16, as networks see it, of maps into the face."""
        places = np.arange(self.side, dtype=np.float32)
        across, down = maps[0] - places - self.origin[0], maps[1] - places[:, None] - self.origin[1]
        return (np.dstack([across, down]) / (MOVE * self.size)).astype(np.float16)

    def maps_of(self, moves):
        """The maps (2, c, c) float32 into the face of which `moves_of` gives this displacement."""
        places = np.arange(self.side, dtype=np.float32)
        x, y = np.moveaxis(moves.astype(np.float32) * np.float32(MOVE * self.size), -1, 0)
        return np.stack([x + places + np.float32(self.origin[0]), y + places[:, None] + np.float32(self.origin[1])])

    def of(self, face):
        """The crop of faces (..., s, s, c)."""
        x, y = self.origin
        return face[..., y : y + self.side, x : x + self.side, :]


@dataclass(frozen=True)
class Mouths:
    """Crops of n mouths of side c: bent from neutral, neutral, and true (n, c, c, 3) uint8; masks of inner mouth and
    mouth (n, c, c, 2) uint8, 0-255; displacement (n, c, c, 2) float16; edges of the true teeth (n, c, c) float16;
    whether the neutral lips are parted (n,) bool."""

    bent: np.ndarray
    neutral: np.ndarray
    true: np.ndarray
    masks: np.ndarray
    moves: np.ndarray
    edges: np.ndarray
    parted: np.ndarray

    def __len__(self):
        return len(self.bent)


@dataclass(frozen=True)
class Smile:
    """One picture of a person beside the neutral one: faces (s, s, 3), meshes (468, 3) of both, and how the points
    have moved in the head's frame (468, 3)."""

    neutral: np.ndarray
    face: np.ndarray
    neutral_mesh: np.ndarray
    mesh: np.ndarray
    moves: np.ndarray


def smiles_of(data, shapes, frames):
    """Smiles of all sequences, [of each the Smile at each of `frames`]; `data` are Smiles with faces and mesh."""
    meshes = np.asarray(data.mesh)[:, :, :POINTS].astype(float)
    found = []
    for faces, sequence in zip(data.faces, meshes, strict=True):
        heads = pose_of(sequence, shapes["mean"]).to_head(sequence)
        moves = (heads - heads[0]) * shapes["fade"][:, None]
        neutral, later = faces[0].copy(), faces[frames]  # copies: the sequence itself need not stay in memory
        found.append(
            [
                Smile(neutral, face, sequence[0].copy(), sequence[t].copy(), moves[t].copy())
                for face, t in zip(later, frames, strict=True)
            ]
        )
    return found


def average(one, two, share, shapes):
    """The Smile of somebody between two people, `share` of the second: shape and texture, neutral and smiling alike."""

    def between(first, second):
        return (1 - share) * first + share * second

    neutral_mesh, moves = between(one.neutral_mesh, two.neutral_mesh), between(one.moves, two.moves)
    mesh = neutral_mesh + pose_of(neutral_mesh, shapes["mean"]).to_picture(moves)

    def texture(picture, own, common):
        parts = [bent(getattr(who, picture), getattr(who, own), common, shapes) for who in (one, two)]
        return np.round(between(*(part.astype(np.float32) for part in parts))).astype(np.uint8)

    neutral, face = texture("neutral", "neutral_mesh", neutral_mesh), texture("face", "mesh", mesh)
    return Smile(neutral, face, neutral_mesh, mesh, moves)


def bent(face, mesh, wanted, shapes):
    """An aligned face (s, s, 3) bent from its mesh to another."""
    return bend(face, maps_between(wanted, mesh, shapes["triangles"], *face.shape[1::-1]))


def mouths_of(smiles, shapes):
    """Mouths of Smiles: bent from neutral, and as the pictures truly are, in the head's pose of the neutral one."""
    crop, made = Crop(smiles[0].neutral.shape[0]), []
    for smile in smiles:
        wanted = smile.neutral_mesh + pose_of(smile.neutral_mesh, shapes["mean"]).to_picture(smile.moves)
        seen = look(smile.neutral, smile.neutral_mesh, wanted, shapes, crop)
        maps = maps_between(wanted, smile.mesh, shapes["triangles"], crop.side, crop.side, crop.origin)
        true = bend(smile.face, maps)
        edges = edges_of(true, seen[1][..., 0], crop.size).astype(np.float16)
        made.append(
            (seen[0], crop.of(smile.neutral), true, *seen[1:], edges, parted(smile.neutral_mesh, shapes["mean"]))
        )
    return Mouths(*map(np.stack, zip(*made, strict=True)))


def look(face, mesh, wanted, shapes, crop):
    """(bent crop (c, c, 3) uint8, masks (c, c, 2) uint8, displacement (c, c, 2) float16) of a face moved to a mesh."""
    maps = maps_between(wanted, mesh, shapes["triangles"], crop.side, crop.side, crop.origin)
    return bend(face, maps), mouth_masks(wanted, crop.side, crop.side, crop.origin), crop.moves_of(maps)


def plates_of(mouths, smiles, shapes, people, count):
    """Plates of teeth (<= count, ...) of the mouths of Smiles, for pictures of others; `people` are their names."""
    crop = Crop(smiles[0].neutral.shape[0])
    plates, brightness = [], []
    for i, smile in enumerate(smiles):
        inner = mouths.masks[i, ..., 0]
        placed = place(smile.neutral_mesh, shapes["mean"], crop.origin)
        plates.append(plate_of(mouths.edges[i].astype(np.float32), inner, placed))
        brightness.append((mouths.true[i].mean(axis=-1) * inner).sum() / max(inner.sum(dtype=float), 1))
    return brightest(np.stack(plates), np.array(brightness), people, count)


def to_network(bent, neutral, masks, moves, edges, known):
    """Input of the refiner, (b, 12, c, c) float32: arrays of Mouths, and where the edges are known (b, c, c), 0-1."""
    faces = torch.from_numpy(np.concatenate([bent, neutral], axis=-1)).float() / 127.5 - 1
    inner = torch.from_numpy(masks[..., :1]).float() / 255
    teeth = torch.from_numpy(np.stack([edges, np.ones_like(edges)], axis=-1) * known[..., None]).float() * inner
    rest = torch.from_numpy(masks).float() / 255, torch.from_numpy(moves).float(), teeth
    return torch.cat([faces, *rest], dim=-1).movedim(-1, 1)
