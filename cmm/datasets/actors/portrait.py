"""Draws one invented person: a shaded height field with painted features on top."""

import cv2
import numpy as np

from cmm.datasets.actors.camera import develop, turn_head
from cmm.datasets.actors.canvas import SIDES, Canvas, blend, closed, curve, darken, lay, noise, trimmed
from cmm.datasets.actors.expression import Expression
from cmm.datasets.actors.glasses import glasses
from cmm.datasets.actors.hair import draw_back_hair, front_hair, hair_texture

IRIS = 0.112  # radius in IOD: 11.8 mm across where the IOD is 63 mm, a little more here


class Portrait:
    """What stays the same over a clip is prepared once; `frame` draws the rest."""

    def __init__(self, person, size):
        self.person = person
        self.canvas = Canvas(size)
        self.rng = np.random.default_rng(person.seed)
        self.base_height = self._height()
        self.skin_texture = self._skin_texture()
        self.background = self._background()
        self.brow_strokes = self._brow_strokes()
        self.ears = [layer for side in SIDES for layer in self._ear(side)]
        self.front_hair = front_hair(self.canvas, person, self.hair_texture)
        self.glasses = glasses(self.canvas, person)
        self.vignette = 1 - 0.10 * (self.canvas.x**2 + (self.canvas.y - 0.4) ** 2)[..., None] / 5

    def frame(self, act, index, rng):
        """Draw frame `index` of a Performance; returns (size, size, 3) uint8 sRGB."""
        face = Expression(self.person, act, index)
        height = self.base_height + self._moving_height(face)
        image = self.background.copy()
        skin_mask = self._draw_skin(image, height, face)
        for side in SIDES:
            self._draw_eye(image, side, face)
        self._draw_nose(image, face)
        self._draw_mouth(image, face)
        self._draw_folds(image, face)
        for side in SIDES:
            self._draw_brow(image, side, face)
        lay(image, self.front_hair)
        lay(image, self.glasses)
        image = turn_head(image, self.canvas, height * skin_mask, act.head[index])
        return develop(image * self.vignette, self.person.warmth, rng)

    # ---- prepared once -----------------------------------------------------------

    def _height(self):
        """Depth towards the camera in IOD: skull, brow ridge, sockets, nose, cheeks, chin."""
        c, p = self.canvas, self.person
        skull = (c.x / (p.cheek_width * 1.12)) ** 2 + ((c.y - 0.25) / 1.95) ** 2
        height = 1.05 * np.sqrt(np.clip(1 - skull, 0.02, 1))
        tip, wide = p.nose_y, p.nose_width
        along = np.clip((c.y + 0.12) / (tip + 0.12), 0, 1)
        ridge = np.exp(-0.5 * (c.x / (0.085 + 0.055 * along)) ** 2) * along**1.25
        height += p.nose_height * ridge / (1 + np.exp((c.y - tip - 0.05) * 26))
        height += 0.10 * c.bump(0, tip, 0.13, 0.10)
        for side in SIDES:
            height += 0.12 * c.bump(side * wide * 0.78, tip + 0.02, 0.085, 0.075)
            height += 0.07 * c.bump(side * 0.45, -0.30, 0.30, 0.10, 0.15 * side)
            height -= 0.15 * c.bump(side * 0.47, -0.02, 0.24, 0.14)
            height += 0.07 * c.bump(side * 0.62, 0.50, 0.26, 0.24)
        height += 0.05 * c.bump(0, p.mouth_y, 0.32, 0.22) + 0.10 * c.bump(0, p.chin_y - 0.2, 0.22, 0.15)
        height -= 0.03 * c.bump(0, p.mouth_y + 0.27, 0.24, 0.05)
        height -= 0.02 * c.bump(0, p.mouth_y - 0.19, 0.03, 0.09)
        return height.astype(np.float32)

    def _skin_texture(self):
        """Skin albedo (size, size, 3): base tone, blotches, blush, freckles, beard shadow."""
        c, p, size = self.canvas, self.person, self.canvas.shape[0]
        tone = np.ones((size, size, 3), np.float32) * p.skin.astype(np.float32)
        blotches = 0.035 * noise(self.rng, size, (9, 9)) + 0.025 * noise(self.rng, size, (48, 48))
        tone *= 1 + blotches[..., None]
        blush = sum(c.bump(side * 0.66, 0.58, 0.24, 0.20) for side in SIDES)
        blush = blush + 0.8 * c.bump(0, p.nose_y, 0.16, 0.12) + 0.35 * c.bump(0, p.chin_y - 0.1, 0.2, 0.12)
        darken(tone, blush, (-0.03, 0.12, 0.10))
        if p.freckles:
            spots = cv2.GaussianBlur((self.rng.random((size, size)) > 0.985).astype(np.float32), (0, 0), 0.7)
            area = sum(c.bump(side * 0.45, 0.45, 0.3, 0.2) for side in SIDES) + c.bump(0, 0.45, 0.2, 0.25)
            darken(tone, np.clip(spots * 3 * area, 0, 1) * p.freckles, (0.25, 0.4, 0.5))
        if p.beard:
            grain = 0.75 + 0.45 * self.rng.random((size, size)).astype(np.float32)
            jaw = 1 / (1 + np.exp(-(c.y - 0.62 - 0.9 * np.exp(-((c.x / 0.62) ** 4)) * 0.32) * 9))
            jaw = np.clip(jaw + 0.8 * c.bump(0, p.mouth_y - 0.20, 0.30, 0.055), 0, 1)
            jaw *= 1 - 0.9 * c.bump(0, p.mouth_y, 0.30, 0.10)
            blend(tone, np.clip(p.beard * 0.85 * jaw * grain, 0, 0.9), 0.5 * p.hair + 0.12 * p.skin)
        return tone

    def _background(self):
        """Backdrop, hair behind the head, neck, shirt: everything the face lies on."""
        c, p, size = self.canvas, self.person, self.canvas.shape[0]
        image = np.ones((size, size, 3), np.float32) * p.backdrop.astype(np.float32)
        image *= (1.12 - 0.13 * np.hypot(c.x * 0.8, c.y - 0.2) + 0.02 * noise(self.rng, size, (4, 4)))[..., None]
        self.hair_texture = hair_texture(c, p, self.rng)
        draw_back_hair(image, c, p, self.hair_texture)
        neck = closed(
            [
                (-0.66, 1.1),
                (0.66, 1.1),
                (0.62, 1.9),
                (0.95, 2.3),
                (1.6, 2.9),
                (-1.6, 2.9),
                (-0.95, 2.3),
                (-0.62, 1.9),
            ]
        )
        shade = 0.62 - 0.16 * np.abs(c.x) + 0.10 * np.clip(c.y - p.chin_y, 0, 1) + 0.10 * p.light[0] * c.x
        blend(image, c.fill(neck), p.skin.astype(np.float32) * shade[..., None])
        darken(image, c.fill(neck) * np.clip(1.35 - (c.y - p.chin_y + 0.1) * 2.4, 0, 1), 0.35)
        shirt = closed(
            [
                (-0.72, 2.12),
                (-0.3, 2.42),
                (0.3, 2.42),
                (0.72, 2.12),
                (1.5, 2.4),
                (2.6, 2.8),
                (2.6, 3.4),
                (-2.6, 3.4),
                (-2.6, 2.8),
                (-1.5, 2.4),
            ]
        )
        cloth = 0.75 + 0.15 * c.x * p.light[0] + 0.05 * noise(self.rng, size, (7, 3))
        blend(image, c.fill(shirt), p.shirt.astype(np.float32) * cloth[..., None])
        darken(image, c.stroke(shirt[:27], 0.05, 0.02), 0.3)
        return image

    def _brow_strokes(self):
        """Hairs of the picture's right brow: (n, 2, 2) start and end points around its curve."""
        p, rng, count = self.person, self.rng, 90
        along = rng.uniform(0, 1, count)
        across = rng.uniform(-0.5, 0.5, count) * p.brow_thickness * (0.45 + 0.9 * np.sin(np.pi * along**0.8))
        start = np.stack([0.19 + 0.60 * along, _brow_line(p, along) + across], axis=1)
        lean = np.deg2rad(-48 + 62 * along + rng.normal(0, 7, count))
        length = rng.uniform(0.07, 0.13, count)
        return np.stack([start, start + length[:, None] * np.stack([np.cos(lean), np.sin(lean)], axis=1)], axis=1)

    def _ear(self, side):
        """Layers of an ear and its rim."""
        left, right = sorted((side * 0.9, side * 1.5))
        c, where = self.canvas.crop(left, -0.35, right, 0.6)
        ear = closed(
            np.array([(1.0, -0.18), (1.14, -0.24), (1.23, -0.05), (1.17, 0.28), (1.05, 0.5), (0.96, 0.42)])
            * (side * self.person.cheek_width / 1.06, 1)
        )
        colour = self.person.skin * (0.66, 0.58, 0.56)
        return [(blend, where, c.fill(ear), colour), (darken, where, c.stroke(ear[8:45], 0.03, 0.02), 0.2)]

    # ---- drawn for every frame ---------------------------------------------------

    def _moving_height(self, face):
        """Cheeks that the smile lifts, and the fold they make."""
        c, p = self.canvas, self.person
        height = np.zeros_like(c.x)
        for side in SIDES:
            pull, lift = face.pull(side), face.cheek
            height += (0.09 * pull + 0.07 * lift) * c.bump(
                side * 0.60, 0.60 - 0.10 * lift - 0.04 * pull, 0.20, 0.15, -0.5 * side
            )
            height -= 0.05 * pull * c.bump(side * 0.47, p.nose_y + 0.26, 0.045, 0.20, -0.55 * side)
        return height

    def _draw_skin(self, image, height, face):
        """Ears and face with diffuse and specular light; returns the face's mask."""
        c, p = self.canvas, self.person
        contour = face.contour()
        mask = c.fill(contour)
        light = np.array(p.light) / np.linalg.norm(p.light)
        box, shown = trimmed(mask)
        gy, gx = (slope[box] for slope in np.gradient(c.soften(height, 0.02), 1 / c.scale))
        length = np.sqrt(gx**2 + gy**2 + 1)
        diffuse = np.clip((-gx * light[0] - gy * light[1] + light[2]) / length, 0, 1)
        half = light + (0, 0, 1)
        half /= np.linalg.norm(half)
        specular = np.clip((-gx * half[0] - gy * half[1] + half[2]) / length, 0, 1) ** 26
        shade = 0.36 + 0.74 * diffuse
        skin = self.skin_texture[box] * shade[..., None] * (1.04, 1.0, 0.97)
        skin += (0.055 * specular)[..., None]
        edge = c.soften(mask, 0.10)[box]
        skin *= (0.72 + 0.28 * np.clip(edge * 1.5 - 0.25, 0, 1))[..., None]
        lay(image, self.ears)
        blend(image[box], shown, skin.astype(np.float32))
        return c.soften(mask, 0.08)

    def _draw_eye(self, image, side, face):
        p = self.person
        c, where = self.canvas.crop(side * 0.5 - 0.45, -0.32, side * 0.5 + 0.45, 0.30)
        image = image[where]
        upper, lower = face.lids(side)
        darken(image, c.fill(np.vstack([upper - (0, 0.11), lower[::-1] + (0, 0.02)]), 0.05), (0.22, 0.28, 0.28))
        opening = c.fill(np.vstack([upper, lower[::-1]]))
        ball = np.clip(1 - 0.9 * ((c.x - side * 0.5) / 0.30) ** 2, 0.55, 1) * 0.66
        blend(image, opening, ball[..., None] * (1.0, 0.96, 0.94))
        gaze = np.array([side * 0.5, -0.005])
        radius = np.hypot(c.x - gaze[0], c.y - gaze[1])
        soft = 1.4 / c.scale
        iris = np.clip((IRIS - radius) / soft, 0, 1) * opening
        rays = 0.85 + 0.25 * np.cos(np.arctan2(c.y - gaze[1], c.x - gaze[0]) * 17) * np.clip(radius / IRIS, 0, 1)
        blend(image, iris, p.iris * 1.25 * (rays * (1.15 - 0.6 * (radius / IRIS) ** 6))[..., None])
        blend(image, np.clip((0.046 - radius) / soft, 0, 1) * opening, (0.004, 0.004, 0.005))
        darken(image, opening * np.clip(1 - (c.y - _height_at(upper, c.x)) / 0.07, 0, 1), 0.55)
        glint = np.hypot(c.x - gaze[0] - 0.035 * np.sign(p.light[0]), c.y - gaze[1] + 0.035)
        blend(image, np.clip((0.022 - glint) / soft, 0, 1) * opening, (0.95, 0.95, 0.95))
        blend(image, 0.85 * c.stroke(upper, 0.034, taper=True), np.minimum(p.hair, 0.03))
        darken(image, c.stroke(lower, 0.02, 0.006, taper=True), (0.30, 0.42, 0.40))
        crease = upper - (0, 0.045 + 0.03 * face.open)
        darken(image, c.stroke(crease, 0.022, 0.012, taper=True), (0.32, 0.40, 0.40))

    def _draw_brow(self, image, side, face):
        lift = np.array([0, -0.02 * face.pull(side) + 0.035 * face.squint])
        c, where = self.canvas.crop(side * 0.5 - 0.48, -0.75, side * 0.5 + 0.48, -0.12)
        image = image[where]
        hairs = c.hatch(self.brow_strokes * (side, 1) + lift)
        under = c.soften(hairs, 0.03)
        colour = np.minimum(self.person.hair * 0.7, 0.30 * self.person.skin + 0.01)
        blend(image, np.clip(0.8 * hairs + 0.75 * under, 0, 0.9), colour)

    def _draw_nose(self, image, face):
        p = self.person
        c, where = self.canvas.crop(-0.6, 0.4, 0.6, 1.15)
        image = image[where]
        widen = 1 + 0.10 * face.smile
        for side in SIDES:
            hole = c.bump(side * p.nose_width * 0.44 * widen, p.nose_y + 0.115, 0.052, 0.024, -0.35 * side)
            darken(image, np.clip(hole * 1.3 - 0.15, 0, 1), (0.72, 0.80, 0.80))
            wing = curve(
                [
                    (side * p.nose_width * 0.95 * widen, p.nose_y - 0.07),
                    (side * p.nose_width * 1.10 * widen, p.nose_y + 0.03),
                    (side * p.nose_width * 0.88 * widen, p.nose_y + 0.12),
                ],
                16,
            )
            darken(image, c.stroke(wing, 0.028, 0.016, taper=True), (0.32, 0.40, 0.40))
        darken(image, c.bump(0, p.nose_y + 0.15, 0.17, 0.035), (0.20, 0.25, 0.25))

    def _draw_mouth(self, image, face):
        p = self.person
        c, where = self.canvas.crop(-0.75, 0.8, 0.75, 1.75)
        image = image[where]
        top, seam_top, seam_low, low = face.lips()
        inside = c.fill(np.vstack([seam_top, seam_low[::-1]])) * min(1.0, face.gap / 0.015)
        upper_lip = c.fill(np.vstack([top, seam_top[::-1]]), 0.008)
        lower_lip = c.fill(np.vstack([seam_low, low[::-1]]), 0.008)
        darken(image, c.stroke(low + (0, 0.045), 0.06, 0.035), 0.16)
        if inside.any():
            self._draw_teeth(c, image, inside, seam_top, seam_low, face)
        sheen = 0.35 * c.bump(0.10 * np.sign(p.light[0]), low[len(low) // 2, 1] - 0.5 * p.lower_lip, 0.15, 0.03)
        blend(image, 0.92 * upper_lip, p.lips * 0.60)
        blend(image, 0.92 * lower_lip, p.lips[None, None] * (0.84 + sheen)[..., None])
        darken(image, c.stroke(seam_top, 0.022, 0.006), (0.45, 0.55, 0.55))
        for side, corner in zip(SIDES, (top[0], top[-1]), strict=True):
            darken(image, c.bump(*corner, 0.04, 0.03), 0.35 + 0.25 * face.pull(side))

    def _draw_teeth(self, c, image, inside, seam_top, seam_low, face):
        blend(image, inside, (0.045, 0.012, 0.012))
        tongue = c.bump(0, face.mouth_y + face.gap * 0.95, 0.22, 0.07)
        blend(image, inside * tongue * 0.75, (0.22, 0.06, 0.06))
        edge = _height_at(seam_top, c.x) + np.minimum(0.135, 0.62 * face.gap) * np.clip(1.15 - (c.x / 0.42) ** 2, 0, 1)
        row = inside * np.clip((edge - c.y) * c.scale / 1.2 + 0.5, 0, 1)
        shade = np.clip(0.80 - 1.1 * c.x**2, 0.15, 1)
        gaps = 1 - 0.16 * np.exp(-((np.mod(c.x / 0.098 + 100, 1) - 0.5) ** 2) / 0.006)
        blend(image, row, (shade * gaps)[..., None] * (1.0, 0.95, 0.86))
        darken(image, inside * np.clip(1 - (c.y - _height_at(seam_top, c.x)) / 0.05, 0, 1), 0.45)

    def _draw_folds(self, image, face):
        """Nasolabial folds, crow's feet and lower-lid bags, deeper with age."""
        p = self.person
        age = 0.45 + 0.55 * np.clip((p.age - 20) / 40, 0, 1)
        for side in SIDES:
            left, right = sorted((0, side * 1.1))
            c, where = self.canvas.crop(left, -0.4, right, 1.6)
            cheek = image[where]
            pull, corner = face.pull(side), face.corner(side)
            middle = (side * (abs(corner[0]) * 0.55 + 0.30), 0.5 * (p.nose_y + corner[1]) + 0.02)
            fold = curve([(side * p.nose_width * 1.08, p.nose_y - 0.02), middle, corner + (side * 0.13, 0.06)], 24)
            depth = 0.22 * age + 0.75 * pull
            darken(cheek, c.stroke(fold, 0.045, 0.022, taper=True), np.array((0.34, 0.40, 0.40)) * depth)
            for angle in (-0.35, 0.05, 0.42) if face.cheek * age > 0.05 else ():
                start = np.array([side * (0.5 + p.eye_width + 0.05), 0.01])
                end = start + 0.17 * np.array([side * np.cos(angle), np.sin(angle)])
                darken(cheek, c.stroke(np.array([start, end]), 0.02, 0.012), 0.22 * face.cheek * age)
            bag = face.lids(side)[1] + (0, 0.055)
            darken(cheek, c.stroke(bag, 0.03, 0.022, taper=True), 0.12 * age + 0.26 * face.cheek)


def _brow_line(person, along):
    """Height of a brow at 0 (inner end) to 1 (outer end)."""
    return person.brow_y - person.brow_arch * np.sin(np.pi * np.clip(along * 0.85 + 0.05, 0, 1)) + 0.05 * along**3


def _height_at(line, x):
    return np.interp(x, line[:, 0], line[:, 1])
