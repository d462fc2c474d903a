"""Drawing primitives: curves, soft masks, noise, compositing. Pure functions on arrays."""

from copy import copy

import cv2
import numpy as np
from scipy.interpolate import CubicSpline

SUPERSAMPLE = 2
SIDES = (-1, 1)  # of a face, as it lies in the picture
SHIFT = 4  # fractional bits of the coordinates given to OpenCV


class Canvas:
    """A picture in face coordinates: IOD units, origin between the eyes."""

    def __init__(self, size):
        axis = np.arange(size, dtype=np.float32)
        self.shape = (size, size)
        self.scale = size * 0.212  # pixels per IOD
        self.centre = np.array([size * 0.5, size * 0.445])
        self.x = np.tile((axis - self.centre[0]) / self.scale, (size, 1)).astype(np.float32)
        self.y = np.tile(((axis - self.centre[1]) / self.scale)[:, None], (1, size)).astype(np.float32)

    def crop(self, left, top, right, bottom):
        """Canvas of one region, and where it lies: what is drawn there costs only its area."""
        x0, y0 = np.floor(self.pixels((left, top))).astype(int)
        x1, y1 = np.ceil(self.pixels((right, bottom))).astype(int)
        where = rows, columns = slice(max(0, y0), max(0, y1)), slice(max(0, x0), max(0, x1))
        part = copy(self)
        part.x, part.y = self.x[where], self.y[where]
        part.shape = part.x.shape
        part.centre = self.centre - (columns.start, rows.start)
        return part, where

    def pixels(self, points, factor=1):
        """Face coordinates (n, 2) to pixel coordinates of a picture `factor` times larger."""
        return (np.asarray(points) * self.scale + self.centre + 0.5) * factor - 0.5

    def fill(self, points, blur=0.0):
        """Anti-aliased polygon mask in 0-1; `blur` is a sigma in IOD."""
        big = self._large()
        cv2.fillPoly(big, [self._subpixels(points)], 255, cv2.LINE_AA, SHIFT)
        return self._shrink(big, blur)

    def stroke(self, points, width, blur=0.0, taper=False):
        """Anti-aliased line mask; `width` in IOD, thinning towards both ends if `taper`."""
        big = self._large()
        line = self._subpixels(points)
        thick = max(1, int(round(width * self.scale * SUPERSAMPLE)))
        if taper:
            swell = np.sin(np.linspace(0.12, np.pi - 0.12, len(line) - 1))
            for start, end, part in zip(line[:-1], line[1:], swell, strict=True):
                cv2.line(big, start, end, 255, max(1, int(round(thick * part))), cv2.LINE_AA, SHIFT)
        else:
            cv2.polylines(big, [line], False, 255, thick, cv2.LINE_AA, SHIFT)
        return self._shrink(big, blur)

    def hatch(self, segments):
        """Mask of many thin hairs; `segments` is (n, 2, 2)."""
        big = self._large()
        lines = self._subpixels(segments.reshape(-1, 2)).reshape(-1, 2, 2)
        cv2.polylines(big, list(lines), False, 255, 1, cv2.LINE_AA, SHIFT)
        return self._shrink(big, 0)

    def bump(self, x, y, width, height, tilt=0.0):
        """Gaussian of standard deviations `width` and `height` around (x, y)."""
        dx, dy = self.x - x, self.y - y
        u = dx * np.cos(tilt) + dy * np.sin(tilt)
        v = dy * np.cos(tilt) - dx * np.sin(tilt)
        return np.exp(-0.5 * ((u / width) ** 2 + (v / height) ** 2))

    def soften(self, mask, sigma):
        """Gaussian blur with `sigma` in IOD."""
        return cv2.GaussianBlur(mask, (0, 0), sigma * self.scale)

    def _large(self):
        return np.zeros((self.shape[0] * SUPERSAMPLE, self.shape[1] * SUPERSAMPLE), np.uint8)

    def _subpixels(self, points):
        return np.round(self.pixels(points, SUPERSAMPLE) * 2**SHIFT).astype(np.int32)

    def _shrink(self, big, blur):
        small = cv2.resize(big, self.shape[::-1], interpolation=cv2.INTER_AREA)
        mask = small.astype(np.float32) / 255
        return self.soften(mask, blur) if blur else mask


def curve(points, samples=40):
    """Open spline through `points` (n, 2), `samples` points along it."""
    return _spline(np.asarray(points, dtype=float), samples, "natural")


def closed(points, samples=80):
    """Closed spline through `points` (n, 2)."""
    points = np.asarray(points, dtype=float)
    return _spline(np.vstack([points, points[:1]]), samples, "periodic")


def _spline(points, samples, boundary):
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return CubicSpline(length, points, bc_type=boundary)(np.linspace(0, length[-1], samples))


def mirror(points):
    """The same points on the other side of the face."""
    return np.asarray(points) * (-1, 1)


def trimmed(mask):
    """Where `mask` (h, w) is not 0, and the mask there: laid over that part, it costs only its area."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    box = tuple(slice(line[0], line[-1] + 1) if len(line) else slice(0) for line in (rows, columns))
    return box, mask[box]


def blend(image, mask, colour):
    """Lay `colour` (3,) or (h, w, 3) over `image` where `mask` is 1, in place."""
    image += mask[..., None] * (np.asarray(colour, dtype=np.float32) - image)


def darken(image, mask, amount):
    """Multiply `image` by 1 - amount * mask; `amount` (scalar or RGB) may be negative."""
    image *= 1 - mask[..., None] * np.asarray(amount, dtype=np.float32)


def lay(image, layers):
    """Lay masks that were made once over `image`: each (blend or darken, where, mask there, colour or amount)."""
    for paint, where, mask, colour in layers:
        paint(image[where], mask, colour)


def noise(rng, size, cells):
    """Smooth noise (size, size) in about -1..1 with `cells` = (columns, rows) features."""
    columns, rows = cells
    coarse = rng.normal(0, 0.5, (max(2, rows), max(2, columns))).astype(np.float32)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
