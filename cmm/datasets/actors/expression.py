"""The moving points of an invented face: mouth, lids and outline of one frame, in IOD."""

from functools import cached_property

import numpy as np

from cmm.datasets.actors.canvas import closed, curve, mirror


class Expression:
    """The face's moving points in one frame, in IOD."""

    def __init__(self, person, act, index):
        self.person = person
        self.smile = 1.2 * act.au12[index] ** 0.75  # skin moves most as a smile begins
        self.cheek = act.au06[index]
        self.gap = 0.20 * act.au25[index]
        self.squint = act.squint[index]
        self.blink = act.blink[index]
        self.asymmetry = act.asymmetry
        self.mouth_y = person.mouth_y

    def pull(self, side):
        return self.smile * (1 + side * self.asymmetry)

    @property
    def open(self):
        """Eye aperture, 1 when neutral."""
        lids = 1 - 0.34 * self.cheek - 0.42 * self.squint
        return max(0.0, lids * (1 - 0.97 * self.blink))

    def corner(self, side):
        p, pull = self.person, self.pull(side)
        return np.array([side * (p.mouth_width + 0.135 * pull), p.mouth_y - 0.15 * pull + 0.25 * self.gap])

    def lips(self):
        """Outer and inner lip lines, left to right: top, seam_top, seam_low, low, (n, 2) each."""
        p = self.person
        thin, s = 1 - 0.22 * self.smile, self.smile
        left, right = self.corner(-1), self.corner(1)
        rise = 0.02 * s + 0.30 * self.gap
        seam = p.mouth_y + 0.015 * s
        top_y = p.mouth_y - p.upper_lip * thin - rise
        low_y = seam + p.lower_lip * thin + self.gap * 0.75
        near = 0.5 * (left[1] + right[1])

        def line(middle, side_x, side_y, dip=0.0):
            return curve([left, (-side_x, side_y), (0, middle + dip), (side_x, side_y), right])

        top = curve(
            [
                left,
                (-0.21, 0.35 * near + 0.65 * (top_y + 0.012)),
                (-0.075, top_y),
                (0, top_y + 0.022),
                (0.075, top_y),
                (0.21, 0.35 * near + 0.65 * (top_y + 0.012)),
                right,
            ]
        )
        seam_top = line(seam - rise, 0.22, 0.45 * near + 0.55 * (seam - rise))
        seam_low = line(seam + self.gap * 0.75, 0.24, 0.38 * near + 0.62 * (seam + self.gap * 0.75))
        low = line(low_y, 0.20, 0.25 * near + 0.75 * low_y - 0.01)
        return top, seam_top, seam_low, low

    def lids(self, side):
        """Upper and lower lid lines of one eye, (n, 2) each, from left to right."""
        upper, lower = self._right_lids
        return (upper, lower) if side > 0 else (mirror(upper)[::-1], mirror(lower)[::-1])

    @cached_property
    def _right_lids(self):
        """Lids of the eye on the picture's right: both eyes open alike."""
        p, half, opened = self.person, self.person.eye_width, self.open
        closing = 1 - opened
        up = p.eye_open * 1.15 * opened - 0.05 * closing * self.blink
        low = p.eye_open * 0.85 * (1 - 0.75 * (0.6 * self.cheek + 0.6 * self.squint)) * (1 - 0.3 * self.blink)
        low -= 0.04 * self.cheek * self.blink
        inner, outer = (0.5 - half, 0.02), (0.5 + half, 0.02 - p.eye_tilt)
        upper = curve(
            [
                inner,
                (0.5 - 0.45 * half, -0.88 * up),
                (0.5 + 0.1 * half, -up),
                (0.5 + 0.6 * half, -0.72 * up - 0.5 * p.eye_tilt),
                outer,
            ],
            24,
        )
        low = max(low, -up)
        lower = curve(
            [
                inner,
                (0.5 - 0.35 * half, 0.82 * low),
                (0.5 + 0.15 * half, low),
                (0.5 + 0.6 * half, 0.82 * low),
                outer,
            ],
            24,
        )
        return upper, lower

    def contour(self):
        """Closed outline of the face, (n, 2)."""
        p, drop = self.person, 0.35 * self.gap
        wide = 0.035 * self.smile
        right = [
            (0.48, -1.47),
            (0.90, -0.98),
            (p.cheek_width * 0.99, -0.32),
            (p.cheek_width + wide * 0.6, 0.35),
            (p.cheek_width * 0.95 + wide, 0.85),
            (p.jaw_width + wide * 0.6, 1.28 + 0.4 * drop),
            (p.chin_width + 0.20, p.chin_y - 0.19 + drop),
            (p.chin_width * 0.55, p.chin_y - 0.02 + drop),
        ]
        return closed([(0, -1.62), *right, (0, p.chin_y + 0.02 + drop), *mirror(right)[::-1]], 120)
