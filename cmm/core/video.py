"""Reading and writing videos with PyAV."""

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from cmm.core.errors import UserError
from cmm.core.files import atomic, inside
from cmm.core.pictures import HEIC_SUFFIXES, IMAGE_SUFFIXES, Unreadable, check_size, read_picture
from cmm.core.provenance import until_now

av.logging.set_level(av.logging.PANIC)
VIDEO_SUFFIXES = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".flv", ".mpg", ".mpeg", ".wmv", ".3gp", ".ogv"}
# Formats that hold their pictures themselves: a playlist would send the decoder to other files.
FORMATS = "mov,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,gif,png_pipe,jpeg_pipe,bmp_pipe,webp_pipe"
FOLDER_FPS = 20.0  # of a folder of images, as in DISFA
ROW = 64  # pixels; FFmpeg reads rows so many at a time
DIGESTED = 2**24  # bytes of a video that are read at a time for its digest
MOST_FRAMES = 1_000_000  # of a video: eleven hours


@dataclass(frozen=True)
class VideoInfo:
    fps: float
    frames: int  # as the container says; 0 where it does not
    width: int
    height: int


def probe(path):
    """VideoInfo from the container, without decoding. Raises Unreadable."""
    if Path(path).is_dir():
        images = _images(path)
        height, width = read_image(images[0]).shape[:2]
        return VideoInfo(FOLDER_FPS, len(images), width, height)
    with _open(path) as container:
        stream = container.streams.video[0]
        check_size(stream.width, stream.height)
        rate = stream.average_rate or stream.guessed_rate or 0
        frames = stream.frames
        if not frames and stream.duration and rate:
            frames = round(float(stream.duration * stream.time_base * rate))
        return VideoInfo(float(rate), int(frames), stream.width, stream.height)


def read_frames(path):
    """Yield (index, time in seconds, RGB uint8 (h, w, 3)) of all frames.

    Indices count from 0 in the order of presentation. Raises Unreadable where the
    file cannot be opened, or breaks off at the first frame that does not decode. A
    folder of images, in the order of their names, is a video too.
    """
    if Path(path).is_dir():
        for index, image in enumerate(_images(path)):
            yield index, index / FOLDER_FPS, read_image(image)
        return
    with _open(path) as container:
        index = 0
        for frame in _decoded(container):
            if index == MOST_FRAMES:
                raise Unreadable(f"has more than {MOST_FRAMES} frames: cut it")
            yield index, frame.time or 0.0, _picture(frame)
            index += 1
        if index == 0:
            raise Unreadable("holds no frame")


def read_chosen(path, wanted, times):
    """Yield (index, RGB uint8 (h, w, 3)) of the frames `wanted`, indices in ascending order.

    `times` [s] are those of all frames, as read_frames gave them. Stretches between two
    keyframes in which no frame is wanted are skipped, and no frame is decoded twice; where a
    format cannot be sought in, everything before a frame is decoded. Ends early where the
    video does. Raises Unreadable as read_frames does.
    """
    if Path(path).is_dir():
        images = _images(path)
        yield from ((index, read_image(images[index])) for index in wanted if index < len(images))
        return
    done = 0
    try:
        for item in _seeking(path, wanted, np.asarray(times, float)):
            yield item
            done += 1
    except _Lost:
        rest = {*map(int, wanted[done:])}
        frames = islice(read_frames(path), max(rest, default=-1) + 1)  # what comes after them may be damaged
        yield from ((index, image) for index, _, image in frames if index in rest)


class _Lost(Exception):
    """Frames do not come at the times at which they came when the video was read from its start."""


def _seeking(path, wanted, times):
    """As read_chosen of a video file; raises _Lost."""
    steps = np.diff(times)
    if not (steps > 0).all():
        raise _Lost
    near = 0.25 * steps.min() if len(steps) else 1.0
    with _open(path) as container:
        keys = _keyframe_times(container)
        frames, position = _decoded(container), 0  # of the frame that comes next
        for index in map(int, wanted):
            key = np.searchsorted(times, keys[keys <= times[index] + near].max(initial=-1.0) - near)
            if key > position:
                frames, position = _decoded(container, times[key]), key
            for frame in frames:
                if abs((frame.time or 0.0) - times[position]) > near:
                    raise _Lost
                position += 1
                if position > index:
                    yield index, _picture(frame)
                    break
            else:
                raise _Lost


def _keyframe_times(container):
    """Times [s] at which decoding can begin, ascending."""
    stream = container.streams.video[0]
    try:
        keys = [packet.pts for packet in container.demux(stream) if packet.is_keyframe and packet.pts is not None]
        container.seek(0)
    except av.FFmpegError as error:
        raise _Lost from error
    return np.sort(np.array(keys, float)) * float(stream.time_base or 1)


def _decoded(container, start=None):
    """The frames of a container, or those from the time `start` [s] on.

    At the first that does not decode: Unreadable; after a seek _Lost, since reading from the start may do better.
    """
    stream = container.streams.video[0]
    count = 0
    try:
        if start is not None:
            container.seek(round(start / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            if start is None or (frame.time or 0.0) > start - 0.5e-3:  # those before a keyframe may lack what they need
                yield frame
                count += 1
    except av.FFmpegError as error:
        if start is not None:
            raise _Lost from error
        raise Unreadable(f"damaged after frame {count}: {_reason(error)}") from error


def _picture(frame):
    """RGB uint8 (h, w, 3) of a decoded frame, upright."""
    check_size(frame.width, frame.height)
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90))


def read_image(path):
    """RGB uint8 (h, w, 3) of an image, upright, on white where it is transparent, or of the first frame of a video.

    Raises UserError.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"image {path} does not exist")
    if path.suffix.lower() in IMAGE_SUFFIXES | HEIC_SUFFIXES:
        return read_picture(path)
    try:
        return next(read_frames(path))[2]
    except Unreadable as error:
        raise Unreadable(f"image {path} cannot be read: {error}") from error


def write_video(path, frames, fps, crf=18, about=None):
    """Write RGB uint8 frames (n, h, w, 3) as H.264 yuv420p mp4; even height and width.

    `about`, its provenance, goes into the file's comment.

    The same frames give the same bytes: one encoder thread, and without x264's macroblock
    tree, which reads memory that nobody has written where the CPU has AVX-512.
    """
    with atomic(path) as partial:
        encode_video(str(partial), frames, fps, crf, about)


def encode_video(target, frames, fps, crf=18, about=None):
    """As `write_video`, into a path or an open binary file."""
    frames = np.asarray(frames)
    with av.open(target, "w", format="mp4") as container:
        if about:
            container.metadata["comment"] = json.dumps(until_now(about))
        rate = Fraction(fps).limit_denominator(1001)
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        said = stream.codec_context  # sRGB by BT.601's matrix; players would take another one for a large video's
        said.colorspace, said.color_range = Colorspace.ITU601, ColorRange.MPEG
        said.color_primaries, said.color_trc = ColorPrimaries.BT709, ColorTrc.IEC61966_2_1
        stream.options = {"crf": str(crf), "preset": "veryfast", "threads": "1", "x264-params": "mbtree=0"}
        for frame in frames:
            container.mux(stream.encode(lent(np.ascontiguousarray(frame))))
        container.mux(stream.encode())


def lent(frame):
    """An RGB uint8 frame (h, w, 3) for FFmpeg: not copied where its rows end as FFmpeg's do, beyond which it reads."""
    lend = av.VideoFrame.from_numpy_buffer if frame.shape[1] % ROW == 0 else av.VideoFrame.from_ndarray
    return lend(frame, format="rgb24")


def read_comment(path):
    """The comment in a video's metadata, "" if there is none. Raises Unreadable."""
    with _open(path) as container:
        return container.metadata.get("comment", "")


def video_digest(path, alive=lambda: None):
    """sha256 of a video's bytes, or of its images' bytes one after the other; calls `alive()` now and then.

    Raises Unreadable where they cannot be read.
    """
    path, digest = Path(path), hashlib.sha256()
    try:
        for file in _images(path) if path.is_dir() else [path]:
            with open(file, "rb") as bytes_of:
                while part := bytes_of.read(DIGESTED):
                    digest.update(part)
                    alive()
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _images(folder):
    names = sorted(path.name for path in Path(folder).iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    images = [inside(folder, name) for name in names]
    if odd := [name for name, image in zip(names, images, strict=True) if not image.is_file()]:
        raise Unreadable(f"{odd[0]} is no file that can be read")
    if not images:
        raise Unreadable("a folder without images")
    return images


def _open(path):
    path = Path(path)
    if path.exists() and not path.is_file():
        raise Unreadable("is no file: a pipe, a socket or a device")  # to open one may wait for ever
    if path.is_file() and path.stat().st_size == 0:
        raise Unreadable("empty file (0 bytes)")
    try:
        container = av.open(f"file:{path}", options={"format_whitelist": FORMATS})
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Unreadable(f"not a readable video: {_reason(error)}") from error
    if not container.streams.video or container.streams.video[0].codec_context is None:
        known = bool(container.streams.video)
        container.close()
        raise Unreadable("its video is in a format that no decoder here knows" if known else "holds no video stream")
    container.streams.video[0].thread_type = "NONE"  # one job, one core; the workflow runs jobs side by side
    return container


def _reason(error):
    return getattr(error, "strerror", None) or str(error)
