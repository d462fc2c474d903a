"""Photographs, and the faces in them that are to smile."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cmm.core.errors import UserError
from cmm.core.pictures import HEIC_SUFFIXES, IMAGE_SUFFIXES, opaque, upright
from cmm.core.video import VIDEO_SUFFIXES, read_image
from cmm.faces.alignment import align_sequence, transform, transform_mesh, warp
from cmm.faces.landmark_images import draw_landmarks
from cmm.faces.landmarks import eye_centres, interocular_distance
from cmm.faces.mesh import WITH_IRISES
from cmm.faces.trackers import Face
from cmm.methods.generator import Neutral

log = logging.getLogger("cmm")

CUT = 0.1  # share of the 68 points beyond the border from which on a face counts as cut
SMALL = 32  # distance of the eyes [px]: of a face of about 75
TURNED = 45  # degrees
SMILING = 0.4  # MediaPipe's AU12, 0-1, of a photograph that is not neutral
NAMED = 5  # files that are left out, at most
ONLY = "only"  # face of a program that lets people choose among several


class SeveralFaces(UserError):
    """Somebody has to choose.

    boxes: of the faces, from left to right, (left, top, right, bottom) as shares of `picture`, RGB uint8.
    """

    def __init__(self, faces, picture):
        super().__init__(f"the picture shows {len(faces)} faces: choose one")
        whole = np.tile(picture.shape[1::-1], 2)
        boxes = [np.concatenate([face.points.min(axis=0), face.points.max(axis=0)]) / whole for face in faces]
        self.boxes, self.picture = [box.round(4).tolist() for box in boxes], picture


@dataclass(frozen=True)
class Photograph:
    """A picture (h, w, 3) uint8 RGB and its chosen faces, from left to right, with their numbers, counted from 1."""

    picture: np.ndarray
    faces: list[Face]
    numbers: list[int]
    notes: list[str]  # what somebody should know of it

    def matrix(self, face, size):
        """The similarity (2, 3) by which a face comes to lie in an aligned one of `size`."""
        return align_sequence(face.points[None], size)[0]


def see(photograph, tracker, face="largest", longest=1280, strict=False):
    """The Photograph of a picture, at most `longest` long, and of the faces in it that `face` names.

    photograph: a path, RGB uint8 (h, w, 3), or a PIL image. UserError without such faces, and for a face that the
    border cuts or, if `strict`, that smiles already; SeveralFaces for the face ONLY where there are more.
    """
    path, picture = _read(photograph)
    scale = longest / max(picture.shape[:2])
    if scale < 1:
        log.info("%s is made %d px long, of %d (--longest)", path, longest, max(picture.shape[:2]))
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if face != ONLY:
        check_choice(face)
    chosen = _chosen(path, picture, tracker, face)
    notes, several = [], len(chosen) > 1
    for number, one in [*chosen.items()]:
        try:
            notes += _check(f"face {number} in {path}" if several else f"the face in {path}", one, picture, strict)
        except UserError as error:
            if len(chosen) == 1:
                raise
            log.warning("%s; it is left as it is", error)
            del chosen[number]
    return Photograph(picture, [*chosen.values()], [*chosen], notes)


def _read(photograph):
    """(what messages call it, RGB uint8 (h, w, 3)) of a photograph given in one of three ways."""
    if isinstance(photograph, str | Path):
        return photograph, read_image(photograph)
    picture = np.asarray(photograph if isinstance(photograph, np.ndarray) else opaque(upright(photograph)))
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise UserError(f"the picture is {picture.dtype} {picture.shape}: give RGB uint8 (height, width, 3)")
    return "the picture", np.ascontiguousarray(picture)


def _chosen(path, picture, tracker, which):
    """{number: Face} of the faces in a picture that `which` names: largest, all, ONLY, or a number."""
    if which == "largest" or (which == ONLY and not hasattr(tracker, "track_all")):
        face = tracker.track(picture)
        if face is not None and face.faces > 1:
            log.warning("%s shows %d faces: the largest is taken; --face all takes all", path, face.faces)
        faces = [face] if face else []
    elif not hasattr(tracker, "track_all"):
        raise UserError(f"--face {which}: {tracker.description['backend']} gives the largest face alone")
    else:
        faces = in_a_row(tracker.track_all(picture))
        if len(faces) == getattr(tracker, "most_faces", None):
            log.warning("%s: no more than %d faces are found in a picture; cut it for others", path, len(faces))
    if not faces:
        raise UserError(f"no face found in {path}: give a picture of a neutral face, turned to the camera")
    if which == ONLY and len(faces) > 1:
        raise SeveralFaces(faces, picture)
    if which in ("largest", "all", ONLY):
        return dict(enumerate(faces, 1))
    if not 1 <= int(which) <= len(faces):
        raise UserError(f"--face {which}: {path} shows {len(faces)} face{'s' * (len(faces) > 1)}")
    return {int(which): faces[int(which) - 1]}


def in_a_row(faces):
    """Faces of one picture from left to right, in which order their numbers count."""
    return sorted(faces, key=lambda face: face.points[:, 0].mean())


def _check(what, face, picture, strict):
    """Notes on a face; UserError for one that cannot be used."""
    outside = (face.points < 0) | (face.points > np.array(picture.shape[1::-1]) - 1)
    if outside.any(axis=1).mean() > CUT:
        raise UserError(f"{what} is cut by the picture's border: give a picture that shows all of it")
    notes = []
    if (eyes := interocular_distance(face.points)) < SMALL:
        notes.append(f"{what} is small, {eyes:.0f} px from eye to eye: from {SMALL} on it shows a smile")
    if abs(turn := roll(face.points)) > TURNED:
        notes.append(f"{what} is turned by {abs(turn):.0f} degrees: turn the picture upright")
    if face.measures.get("AU12_proxy", 0) > SMILING:
        if strict:
            raise UserError(f"{what} smiles already: give one of a neutral face, or leave --strict true out")
        notes.append(f"{what} smiles already: the new smile is added to that")
    for note in notes:
        log.warning("%s", note)
    return notes


def roll(points):
    """How far a face (68, 2) is turned in the picture [degrees], -180 to 180; 0 is upright."""
    first, second = eye_centres(points[None])[0]
    return float(np.degrees(np.arctan2(*(second - first)[::-1])))


def check_choice(which):
    """UserError unless `which` can name faces: largest, all, or a number from 1 on."""
    if which not in ("largest", "all") and not re.fullmatch("[1-9][0-9]*", which):
        raise UserError(f"--face {which}: write largest, all, or a number, counted from the left")


def neutral_of(picture, face, matrix, size):
    """Neutral of one person in a photograph, aligned by a similarity (2, 3)."""
    mesh = np.full((WITH_IRISES, 3), np.nan, np.float32) if face.mesh is None else transform_mesh(matrix, face.mesh)
    drawn = draw_landmarks(transform(matrix, face.points), size)
    return Neutral(drawn[None], warp(picture, matrix, size)[None], mesh[None])


def photographs_in(folder):
    """{name: path} of the photographs (and videos) directly in a folder; UserError without any, or with two of a name.

    Other files are left out, saying so.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    found, left_out = {}, []
    for path in files:
        if path.suffix.lower() not in IMAGE_SUFFIXES | HEIC_SUFFIXES | VIDEO_SUFFIXES:
            left_out.append(path.name)
        elif path.stem in found:
            raise UserError(f"{folder} has {found[path.stem].name} and {path.name}: rename one, results go by the name")
        else:
            found[path.stem] = path
    if not found:
        raise UserError(f"{folder} holds no photograph: {', '.join(sorted(IMAGE_SUFFIXES))} are read")
    if left_out:
        more = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        log.warning("%s: left out, being no photographs: %s%s", folder, ", ".join(left_out[:NAMED]), more)
    return found
