"""A sequence of frames as people use it: a video, an animation, pictures, or a still."""

import json

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cmm.core.files import atomic
from cmm.core.provenance import until_now
from cmm.core.video import write_video

FORMATS = ("mp4", "gif", "webp", "png", "still")
QUALITY = 90  # of WebP, 0-100


def write_sequence(folder, name, frames, fps, formats, about):
    """Write frames (n, h, w, 3) uint8 RGB into `folder` in each of `formats`: {name}.mp4, .gif, .webp, a
    folder {name} of a PNG a frame, and {name}.png, the last one. `about`, their provenance, goes into all of them.
    """
    for kind in formats:
        if kind == "mp4":
            write_video(folder / f"{name}.mp4", frames, fps, about=about)
        elif kind == "still":
            write_png(folder / f"{name}.png", frames[-1], about)
        elif kind == "png":
            with atomic(folder / name) as pictures:
                pictures.mkdir()
                for i, frame in enumerate(frames):
                    write_png(pictures / f"{i:04d}.png", frame, about)
        else:
            write_animation(folder / f"{name}.{kind}", frames, fps, about)


def write_png(path, picture, about):
    """Write an RGB uint8 picture (h, w, 3), `about` in its description."""
    info = PngInfo()
    info.add_text("Description", json.dumps(until_now(about)))
    with atomic(path) as partial:
        Image.fromarray(picture).save(partial, pnginfo=info)


def write_animation(path, frames, fps, about):
    """Write RGB uint8 frames (n, h, w, 3) as an animated GIF or WebP, by the suffix, that begins anew for ever."""
    text, first, *rest = json.dumps(until_now(about)), *map(Image.fromarray, frames)
    options = {"comment": text} if path.suffix == ".gif" else {"xmp": text.encode(), "quality": QUALITY}
    with atomic(path) as partial:
        first.save(partial, save_all=True, append_images=rest, duration=round(1000 / fps), loop=0, **options)
