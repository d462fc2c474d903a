"""What the page asks for, made one after the other: results in memory, each for a while, and nobody else's."""

import io
import itertools
import secrets
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial

import av
import cv2
import numpy as np
import pandas as pd
from PIL import Image

from cmm.core.errors import UserError
from cmm.core.pictures import even
from cmm.core.video import encode_video
from cmm.generation.photographs import ONLY, see
from cmm.generation.smiler import FPS, LONGEST, film
from cmm.generation.smiler import SIDE as COLUMN
from cmm.generation.write_sequence import encode_animation, encode_png
from cmm.methods.threads import in_threads

MOST_WAITING = 32  # photographs in the queue
MOST_FRAMES = 128  # of a sequence: 0.5 GB of a large photograph, several at once
MOST_RESULTS = 24  # the oldest go first
SECONDS = 900  # that a result is kept
SIDE = 480  # of animations, and of what the mesh is drawn on [px]
ALL = "all"  # the sequences side by side
DOT = (0, 158, 115)
CURVES = {"AU12_proxy": "AU12", "AU06_proxy": "AU6"}


def check_length(condition):
    """UserError for a sequence that takes too much memory here."""
    if (condition.frames or 0) > MOST_FRAMES:
        most = f"at most {MOST_FRAMES} on this page; cmm generate makes longer ones"
        raise UserError(f"frames {condition.frames}: {most}")


class Busy(UserError):
    """The queue is full."""


@dataclass(frozen=True)
class Result:
    """One photograph's smiles: mp4 bytes by name, and how they were made."""

    method: str
    films: dict[str, bytes]
    about: dict
    notes: list[str]
    seconds: float
    size: tuple[int, int]  # width and height of the picture [px]
    made: float = field(default_factory=time.monotonic)

    @cached_property
    def together(self):
        """mp4 bytes of all sequences side by side: of the films as they are encoded, once somebody asks."""
        width, height = self.size
        longest = round(COLUMN * max(1, width / height))

        def column(number, data):
            return film({f"smile {number}": np.stack(frames_of(data, longest))})

        columns = in_threads([partial(column, *item) for item in enumerate(self.films.values(), 1)])
        return encoded(np.concatenate([*columns], axis=2), self.about)

    def mp4(self, sequence):
        """mp4 bytes of a sequence, or of ALL; UserError for another."""
        if sequence == ALL:
            return self.together
        if sequence not in self.films:
            raise UserError(f"no sequence {sequence!r}")
        return self.films[sequence]


class Workshop:
    """Smilers by name, one worker and a queue in order of arrival."""

    def __init__(self, smilers):
        self.smilers = smilers
        self.results = OrderedDict()
        self.pool = ThreadPoolExecutor(1, "workshop")  # a photograph takes all cores, and trackers are of one thread
        self.numbers, self.waiting = itertools.count(1), {}
        self.lock = threading.RLock()  # methods that hold it call each other

    def submit(self, ticket, function, *args):
        """A Future of `function(*args)` in the queue; Busy if that is full. `ticket` names it for `before`."""
        with self.lock:
            self.check_room()
            if ticket in self.waiting:
                raise UserError("this ticket waits already: take another")
            self.waiting[ticket] = next(self.numbers)
        future = self.pool.submit(function, *args)
        future.add_done_callback(lambda _: self._leave(ticket))
        return future

    def check_room(self):
        """Busy if the queue is full."""
        with self.lock:
            if len(self.waiting) >= MOST_WAITING:
                raise Busy(f"{MOST_WAITING} photographs are waiting: try again in a minute")

    def _leave(self, ticket):
        with self.lock:
            self.waiting.pop(ticket, None)

    def before(self, ticket):
        """How many wait before a ticket; None if it does not wait."""
        with self.lock:
            mine = self.waiting.get(ticket)
            return None if mine is None else sum(number < mine for number in self.waiting.values())

    def smile(self, picture, method, condition, modes, face):
        """(name of a Result, the Result) of a picture, RGB uint8; UserError, or SeveralFaces where none is chosen."""
        start = time.monotonic()
        smiler = self.smilers[method]
        seen = see(picture, smiler.tracker, face or ONLY, LONGEST)
        made, _ = smiler.sequences(seen, seen.faces[0], condition, modes)
        about = smiler.record(__name__, condition)

        painted = in_threads([lambda paint=paint: encoded(even(paint()), about) for paint in made.values()])
        films = dict(zip(made, painted, strict=True))
        height, width = seen.picture.shape[:2] if smiler.whole else [smiler.generator.size] * 2
        result = Result(method, films, about, seen.notes, round(time.monotonic() - start, 2), (width, height))
        return self._keep(result), result

    def _keep(self, result):
        name = secrets.token_urlsafe(16)
        with self.lock:
            self.forget()
            self.results[name] = result
            while len(self.results) > MOST_RESULTS:
                self.results.popitem(last=False)
        return name

    def forget(self):
        """Drop results that are too old."""
        late = time.monotonic() - SECONDS
        with self.lock:
            for old in [key for key, result in self.results.items() if result.made < late]:
                del self.results[old]

    def result(self, name):
        """A Result that is still kept; UserError otherwise."""
        with self.lock:
            self.forget()
            if name not in self.results:
                raise UserError("this result is not kept any more: generate it again")
            return self.results[name]

    def download(self, name, sequence, kind):
        """Bytes of a sequence of a result: mp4, gif, webp or png, the last frame; UserError for another."""
        result = self.result(name)
        data = result.mp4(sequence)
        if kind == "mp4":
            return data
        if kind == "png":
            return encode_png(frames_of(data)[-1], result.about)
        if kind in ("gif", "webp"):
            frames = frames_of(data, SIDE * (1 + (sequence == ALL)))
            return encode_animation(kind, np.stack(frames), FPS, result.about)
        raise UserError(f"no kind {kind!r}: mp4, gif, webp or png")

    def measured(self, name):
        """{"curves": {AU12, AU6: {sequence: values}}, "meshes": {sequence: mp4 bytes}} of a result's sequences.

        Action units are the tracker's proxies, from the first frame of each.
        """
        result = self.result(name)
        tracker = self.smilers[result.method].tracker
        curves, meshes = {unit: {} for unit in CURVES.values()}, {}
        for sequence, data in result.films.items():
            frames = frames_of(data, SIDE)
            faces = [tracker.track(frame) for frame in frames]
            drawn = [dotted(*pair) for pair in zip(frames, faces, strict=True)]
            meshes[sequence] = encoded(np.stack(drawn), result.about)
            if faces[0] is None:
                continue
            measures = pd.DataFrame([{} if face is None else face.measures for face in faces])
            units = tracker.action_units(measures, pd.Series(faces[0].measures))
            for column, unit in CURVES.items():
                if column in units:
                    values = units[column].astype(object).where(units[column].notna(), None)
                    curves[unit][sequence] = [None if v is None else round(float(v), 3) for v in values]
        return {"curves": curves, "meshes": meshes}


def encoded(frames, about):
    """mp4 bytes of frames."""
    target = io.BytesIO()
    encode_video(target, frames, FPS, about=about)
    return target.getvalue()


def frames_of(data, longest=None):
    """Frames (h, w, 3) RGB uint8 of mp4 bytes of ours, one after the other made at most `longest` wide and high, even;
    without, the last one alone, as it is."""
    frames = []
    with av.open(io.BytesIO(data)) as container:
        for frame in container.decode(video=0):
            picture = frame.to_ndarray(format="rgb24")
            frames = [picture] if longest is None else [*frames, fitted(picture, longest)]
    return frames


def fitted(picture, longest):
    """A picture at most `longest` wide and high, even."""
    scale = min(1.0, longest / max(picture.shape[:2]))
    size = [max(2, round(side * scale / 2) * 2) for side in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def dotted(frame, face):
    """A frame with the tracker's mesh, or its points, on it."""
    drawn = frame.copy()
    for x, y in [] if face is None else (face.points if face.mesh is None else face.mesh[:, :2]):
        cv2.circle(drawn, (round(float(x)), round(float(y))), 1, DOT, -1, cv2.LINE_AA)
    return drawn


def jpeg(picture):
    """JPEG bytes of a picture."""
    target = io.BytesIO()
    Image.fromarray(picture).save(target, "JPEG", quality=85)
    return target.getvalue()
