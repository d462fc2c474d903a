"""A sequence of frames as people use it: a video, an animation, pictures, or a still."""

import io
import json

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cmm.core.files import atomic
from cmm.core.provenance import until_now
from cmm.core.video import write_video

FORMATS = ("mp4", "gif", "webp", "png", "still")
QUALITY = 90  # of WebP, 0-100
# IPTC's word for what a trained network has made, where programs for pictures look for it.
SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
SYNTHETIC_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    f' Iptc4xmpExt:DigitalSourceType="{SYNTHETIC}"/></rdf:RDF></x:xmpmeta>'
)
SAYS_SO = {"synthetic": True, "digital_source_type": SYNTHETIC}  # in the record of what shows faces that were made


def write_sequence(folder, name, frames, fps, formats, about):
    """Write frames (n, h, w, 3) uint8 RGB into `folder` in each of `formats`: {name}.mp4, .gif, .webp, a
    folder {name} of a PNG a frame, and {name}.png, the last one. `about`, their provenance, goes into all of them.
    """
    for kind in formats:
        path = folder / written(name, kind)
        if kind == "mp4":
            write_video(path, frames, fps, about=about)
        elif kind == "still":
            write_png(path, frames[-1], about)
        elif kind == "png":
            with atomic(path) as pictures:
                pictures.mkdir()
                for i, frame in enumerate(frames):
                    write_png(pictures / f"{i:04d}.png", frame, about)
        else:
            write_animation(path, frames, fps, about)


def written(name, kind):
    """The name of the file, or folder, of a sequence in one of FORMATS."""
    return name + {"still": ".png", "png": ""}.get(kind, f".{kind}")


def write_png(path, picture, about):
    """Write an RGB uint8 picture (h, w, 3), `about` in its description."""
    with atomic(path) as partial:
        partial.write_bytes(encode_png(picture, about))


def encode_png(picture, about):
    """PNG bytes of an RGB uint8 picture (h, w, 3), `about` in its description."""
    info, target = PngInfo(), io.BytesIO()
    info.add_text("Description", json.dumps(until_now(about)))
    if about.get("synthetic"):
        info.add_itxt("XML:com.adobe.xmp", SYNTHETIC_XMP)
    Image.fromarray(picture).save(target, "PNG", pnginfo=info)
    return target.getvalue()


def write_animation(path, frames, fps, about):
    """Write RGB uint8 frames (n, h, w, 3) as an animated GIF or WebP, by the suffix, that begins anew for ever."""
    with atomic(path) as partial:
        partial.write_bytes(encode_animation(path.suffix[1:], frames, fps, about))


def encode_animation(kind, frames, fps, about):
    """Bytes of such an animation, gif or webp."""
    text, first, *rest = json.dumps(until_now(about)), *map(Image.fromarray, frames)
    options = {"comment": text} if kind == "gif" else {"xmp": text.encode(), "quality": QUALITY}
    target = io.BytesIO()
    first.save(target, kind, save_all=True, append_images=rest, duration=round(1000 / fps), loop=0, **options)
    return target.getvalue()
