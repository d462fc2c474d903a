"""Pictures of CMM-mesh: a photograph bent to meshes at its own resolution, and refined around the mouth.

What the refiner adds is small and smooth: it is added to the sharp, bent photograph. Within the lips, where the
bent photograph has only stretched lips, its picture counts alone. Outside of the face's outline no pixel changes.
"""

import cv2
import numpy as np
import torch

from cmm.core.errors import UserError
from cmm.faces.alignment import transform, transform_mesh, warp
from cmm.faces.triangles import outline_of, smooth_step
from cmm.methods.cmm_mesh.eyes import blinked
from cmm.methods.cmm_mesh.mouths import Crop, look, to_network
from cmm.methods.cmm_mesh.teeth import parted, place, shown
from cmm.methods.cmm_mesh.warping import bend, maps_between, mouth_masks

SEAM = 0.08  # width of the rim over which what is added fades, a share of the aligned face's side
ENOUGH = 0.25  # displacement, as the refiner is told it, from which on all counts that it adds; at 0 nothing does
SHARPER = 1.0  # times that detail within the lips is added where it is enlarged twice or more; not at its own size
DETAIL = 1.5  # what is finer than that is detail; a deviation, pixels of the refiner
TONED = 0.01  # share of a grey or sepia face's brightness by which its colours miss its tones at most, on average
LEVELS = np.arange(256.0)
BETWEEN = 0.0003  # a mesh so near to the line between two others is taken for one on it; a share of the face's side
FAR = 0.008  # those two lie at most so far apart; a share of the face's side
GRID = 640  # a larger face's moves are computed on so many pixels, and enlarged: where lids or lips meet, that blurs


def tones_of(face):
    """Red, green and blue at each brightness, (3, 256), of a grey or sepia face (s, s, 3); None of a coloured one.

    In such a picture the colours follow the brightness, a cubic polynomial of it, and teeth must do so, too.
    """
    colours = face.reshape(-1, 3).astype(float)
    brightness = colours.mean(axis=1)
    fitted = [np.polynomial.Polynomial.fit(brightness, colour, 3) for colour in colours.T]
    errors = [np.abs(fit(brightness) - colour).mean() for fit, colour in zip(fitted, colours.T, strict=True)]
    if max(errors) > TONED * brightness.mean():
        return None
    low, high = np.percentile(brightness, (1, 99))
    known = np.clip(LEVELS, low, high)  # a polynomial is not to be trusted beyond what it was fitted to
    tones = [fit(known) * (LEVELS / np.maximum(known, 1)) for fit in fitted]
    return np.clip(tones, 0, 255)


class Painter:
    """Paints smiles into one photograph (h, w, 3) uint8 RGB with a neutral mesh (468, 3) in its pixels.

    matrix: the similarity (2, 3) from its pixels to those of the aligned face of `size`. teeth: number of the plate.
    """

    def __init__(self, photograph, mesh, matrix, size, shapes, refiner, device, teeth=0):
        self.photograph, self.mesh, self.matrix = photograph, mesh, matrix
        self.triangles, self.refiner, self.device, self.crop = shapes["triangles"], refiner, device, Crop(size)
        self.shapes = shapes
        self.face = np.ascontiguousarray(warp(photograph, matrix, size))
        self.tones = tones_of(self.face)
        if self.tones is not None:
            self.face = np.repeat(np.round(self.face.mean(axis=2, keepdims=True)).astype(np.uint8), 3, axis=2)
        self.aligned = transform_mesh(matrix, mesh)
        self.parted = parted(self.aligned, shapes["mean"])
        self.teeth = self._teeth(shapes, teeth)
        outline = outline_of(mesh)
        height, width = photograph.shape[:2]
        low = np.clip(np.floor(outline.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
        high = np.clip(np.ceil(outline.max(axis=0)) + 1, low + 1, (width, height)).astype(int)
        self.origin, self.extent = low, high - low
        self.inside = np.zeros(self.extent[::-1], np.uint8)
        cv2.fillConvexPoly(self.inside, np.round(outline - low).astype(np.int32), 1)
        self.window = self._window(transform(matrix, outline), size)
        to_box = cv2.invertAffineTransform(matrix)
        to_box[:, 2] -= low
        shift = np.array([[1, 0, self.crop.origin[0]], [0, 1, self.crop.origin[1]], [0, 0, 1.0]])
        self.to_box = (to_box @ shift).astype(np.float32)  # from the mouth's crop to the face's box
        self.sharper = SHARPER * float(np.clip(np.hypot(*self.to_box[0, :2]) - 1, 0, 1))

    def _window(self, outline, size):
        """(c, c, 1) float32: how much of what the refiner adds counts, 0 at the crop's edge and the face's outline."""
        mask = np.zeros((size + 2, size + 2), np.uint8)
        cv2.fillConvexPoly(mask, np.round(outline + 1).astype(np.int32), 1)
        x, y = self.crop.origin
        inside = mask[y + 1 : y + 1 + self.crop.side, x + 1 : x + 1 + self.crop.side]
        depth = cv2.distanceTransform(np.pad(inside, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        return smooth_step(depth / np.float32(SEAM * size))[..., None]

    def _teeth(self, shapes, number):
        """(edges, where they are known) of somebody's teeth in the mouth's crop; nowhere if the person's own show."""
        if self.parted or not len(shapes["teeth"]):
            return np.zeros((2, self.crop.side, self.crop.side), np.float32)
        return shown(shapes["teeth"][number], place(self.aligned, shapes["mean"], self.crop.origin), self.crop.side)

    @torch.inference_mode()
    def paint(self, meshes, closure=None, out=None):
        """Frames (n, h, w, 3) uint8 of meshes (n, 468, 3) in the photograph's pixels; in `out`, where that is given.

        closure: how far the eyes are closed, (n,) in 0-1. A frame that lies on the way between two others is not
        worked out, but taken from theirs.
        """
        frames = np.empty((len(meshes), *self.photograph.shape), np.uint8) if out is None else out
        shown = meshes if closure is None else blinked(meshes, closure)
        scale = np.hypot(*self.matrix[0, :2]) / self.crop.size
        mouths, faces = keys_of(meshes * scale), keys_of(shown * scale)  # no mouth changes with the eyes
        refined = self._refine(*map(np.stack, zip(*map(self._look, meshes[mouths]), strict=True)))
        moves = between(faces, map(self._moves, shown[faces]))
        parts = zip(shown, *(between(mouths, part) for part in refined), moves, strict=True)
        for frame, part in zip(frames, parts, strict=True):
            self._compose(frame, *part)
        return frames

    def _look(self, mesh):
        return look(self.face, self.aligned, transform_mesh(self.matrix, mesh), self.shapes, self.crop)

    def _refine(self, bent, masks, moves):
        """Of n crops that `look` gives: the refined ones, what was added to them, and whether they move: 0-1 (n,)."""
        neutral, edges, known = (
            np.broadcast_to(part, (len(bent), *part.shape)) for part in (self.crop.of(self.face), *self.teeth)
        )
        given = to_network(bent, neutral, masks, moves, edges, known).to(self.device)
        moved = np.clip(np.abs(moves).max(axis=(1, 2, 3), keepdims=True).astype(np.float32) / ENOUGH, 0, 1)
        added = 127.5 * self.refiner(given).float().cpu().movedim(1, -1).numpy()
        if not np.isfinite(added).all():
            raise UserError("the refiner gave values that are not finite: its training has failed, train it again")
        if self.parted:
            own = self._own(moves)
            added = own * added.mean(axis=-1, keepdims=True) + (1 - own) * added
        if self.tones is not None:
            bent, refined = self._toned(bent), self._toned(bent + added)
            added = refined - bent
        added = added * self.window * moved
        return bent.astype(np.float32) + added, added, moved.ravel()

    def _own(self, moves):
        """How much of each pixel of n crops showed between the parted lips already, (n, c, c, 1) float32 in 0-1.

        What shows there keeps its colours: the refiner knows those of somebody's teeth no better than the photograph.
        """
        inner = mouth_masks(self.aligned, self.crop.size, self.crop.size)[..., 0]
        own = [bend(inner, maps) for maps in map(self.crop.maps_of, moves)]
        return np.stack(own)[..., None] / np.float32(255)

    def _toned(self, faces):
        """Faces (..., 3) of the photograph's tones, float32, by the brightness of faces (..., 3)."""
        brightness = faces.mean(axis=-1)
        return np.stack([np.interp(brightness, LEVELS, tone) for tone in self.tones], axis=-1).astype(np.float32)

    def _compose(self, frame, mesh, mouth, added, moved, moves):
        x, y = self.origin
        width, height = (int(side) for side in self.extent)
        bent = bend(self.photograph, self._maps(moves, width, height))
        warped = {"M": self.to_box, "dsize": (width, height), "flags": cv2.INTER_LINEAR}
        added = cv2.warpAffine(added, **warped)
        face = cv2.add(bent, added, dtype=cv2.CV_8U)  # rounded and clipped
        inner = mouth_masks(mesh, width, height, self.origin)[..., 0]
        rows, columns = np.flatnonzero(inner.any(axis=1)), np.flatnonzero(inner.any(axis=0))
        if len(rows):
            part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            outside, inside = bent[part] + added[part], self._enlarged(mouth, part)
            share = inner[part][..., None] * (moved / np.float32(255))
            face[part] = np.clip(np.rint(outside + share * (inside - outside)), 0, 255)
        frame[:] = self.photograph
        cv2.copyTo(face, self.inside, frame[y : y + height, x : x + width])

    def _enlarged(self, mouth, part):
        """A refined crop (c, c, 3) float32 at the photograph's scale, as far as it lies in a part of the face's box.

        part: slices of rows and columns. What a network paints with fewer pixels is soft there: the detail of its
        brightness is raised, to no more than a neighbour's, or outlines would shine; of its colours, lips would tint
        teeth.
        """
        rows, columns = part
        if self.sharper:
            light = np.maximum(mouth.mean(axis=-1, keepdims=True), 1)
            detail = light - cv2.GaussianBlur(light, (0, 0), DETAIL)[..., None]
            least, most = (of(light, np.ones((3, 3), np.uint8))[..., None] for of in (cv2.erode, cv2.dilate))
            mouth = mouth * (np.clip(light + self.sharper * detail, least, most) / light)
        to_part = self.to_box - np.array([[0, 0, columns.start], [0, 0, rows.start]], np.float32)
        size = (columns.stop - columns.start, rows.stop - rows.start)
        return cv2.warpAffine(mouth, to_part, size, flags=cv2.INTER_CUBIC if self.sharper else cv2.INTER_LINEAR)

    def _moves(self, mesh):
        """How far the pixels of the face's box come from, (h, w, 2) float32, on a coarser grid where that is enough."""
        width, height = (int(side) for side in self.extent)
        factor = max(1.0, max(width, height) / GRID)
        small = (round(width / factor), round(height / factor))
        scale, middle = np.array([small[0] / width, small[1] / height, 1.0]), np.array([0.5, 0.5, 0])  # of a pixel
        target, source = ((points - (*self.origin, 0) + middle) * scale - middle for points in (mesh, self.mesh))
        x, y = maps_between(target, source, self.triangles, *small)
        return (np.dstack([x - np.arange(small[0]), y - np.arange(small[1])[:, None]]) / scale[:2]).astype(np.float32)

    def _maps(self, moves, width, height):
        """Where the pixels of the face's box come from, (height, width) float32 each, x and y."""
        if moves.shape[:2] != (height, width):
            moves = cv2.resize(moves, (width, height), interpolation=cv2.INTER_LINEAR)
        across = np.arange(width, dtype=np.float32) + np.float32(self.origin[0])
        down = np.arange(height, dtype=np.float32)[:, None] + np.float32(self.origin[1])
        return moves[..., 0] + across, moves[..., 1] + down


def keys_of(meshes):
    """Numbers (k,) of the meshes (n, p, 3) to be worked out: the first, the last, and as many between as needed.

    To BETWEEN every other mesh lies on the line, in time, between the two keys around it, which are then at most FAR
    apart.
    """
    keys = [0]
    for last in range(1, len(meshes)):
        if not _straight(meshes[keys[-1] : last + 1]):
            keys.append(last - 1)
    return np.array([*keys, len(meshes) - 1][: len(meshes)])


def _straight(meshes):
    """Whether the meshes between the first and the last of (n, p, 3) can be taken from those two."""
    if len(meshes) == 2:
        return True
    share = np.linspace(0, 1, len(meshes))[:, None, None]
    line = meshes[0] + share * (meshes[-1] - meshes[0])
    return np.abs(meshes[-1] - meshes[0]).max() <= FAR and np.abs(meshes - line).max() <= BETWEEN


def between(keys, values):
    """Values of all frames, one after the other, from those of the frames `keys`: linear between them."""
    last = before = None
    for key, value in zip(keys, values, strict=True):
        if before is None:
            yield value
        else:
            for share in np.linspace(0, 1, key - last + 1, dtype=np.float32)[1:]:
                yield (1 - share) * before + share * value
        last, before = key, value
