"""Pictures: read from files, and as arrays."""

import io
from importlib import import_module

import cv2
import numpy as np
from PIL import Image, ImageOps

from cmm.core.errors import UserError, reason

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}
HEIC_SUFFIXES = {".heic", ".heif"}
MOST_SIDE = 16384  # of a picture [px]; from 32768 on OpenCV ends the process
MOST_PIXELS = 100_000_000  # of a picture


class Unreadable(UserError):
    """A picture or video that cannot be opened or decoded; the message is the reason."""


def resized(pictures, size):
    """uint8 pictures (..., s, s) or (..., s, s, 3) of another side: cubic if larger, area means if smaller."""
    colours = pictures.shape[-1:] if pictures.shape[-1] == 3 else ()
    old = pictures.shape[-1 - len(colours)]
    if old == size:
        return pictures
    how = cv2.INTER_CUBIC if size > old else cv2.INTER_AREA
    flat = pictures.reshape(-1, old, old, *colours)
    made = np.stack([cv2.resize(picture, (size, size), interpolation=how) for picture in flat])
    return made.reshape(*pictures.shape[: pictures.ndim - 2 - len(colours)], size, size, *colours)


def rescaled(points, scale):
    """Points (..., 2 or 3) [px] of a picture that is `resized` so: its borders stay in place, and pixel 0 begins at
    -0.5."""
    found = points * np.float32(scale)
    found[..., :2] += np.float32(0.5 * scale - 0.5)
    return found


def even(pictures):
    """Pictures (..., h, w, 3) without the last row or column of an odd number: H.264 has even sides."""
    height, width = pictures.shape[-3:-1]
    return pictures[..., : height // 2 * 2, : width // 2 * 2, :]


def upright(image):
    """A PIL image turned as its EXIF says; as it is where that cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Pillow's plugins raise of every kind for damaged files
        image.load()
        return image


def transparent(image):
    """Whether a PIL image may have pixels through which something shows."""
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def opaque(image):
    """A PIL image as RGB; what is transparent lies on white."""
    if image.mode.startswith("I"):  # 16 bits of grey
        image = Image.fromarray((np.asarray(image).astype(np.float64) / 257).clip(0, 255).astype(np.uint8))
    if transparent(image):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def read_heic():
    """Have Pillow read HEIC, as telephones write it; UserError without the package for that."""
    try:
        import_module("pillow_heif").register_heif_opener()
    except ImportError:
        raise UserError("HEIC pictures need a package more: pip install pillow-heif; or save it as JPEG") from None


def read_picture(path):
    """RGB uint8 (h, w, 3) of an image, upright, on white where it is transparent. Raises UserError."""
    if heic := path.suffix.lower() in HEIC_SUFFIXES:
        read_heic()
    data = np.fromfile(path, np.uint8)
    try:
        image = _by_pillow(data, heic)
        if image is None and len(data):
            image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    except (Unreadable, cv2.error) as error:
        raise Unreadable(f"image {path} {reason(error)}") from error
    if image is None:
        raise Unreadable(f"image {path} cannot be read: it is empty or damaged")
    return image


def _by_pillow(data, heic):
    """RGB uint8 (h, w, 3) of an image that OpenCV cannot read as it is meant: HEIC, or transparent; else None.

    Raises Unreadable where the header promises too many pixels, before they are made room for.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            check_size(*image.size)
            return np.asarray(opaque(upright(image))) if heic or transparent(image) else None
    except Image.DecompressionBombError:
        raise Unreadable(f"claims more than {MOST_PIXELS // 10**6} million pixels") from None
    except (OSError, ValueError, SyntaxError, RuntimeError):
        return None  # whatever it is, the decoder says


def check_size(width, height):
    """Raise Unreadable for a picture that is larger than what can be worked on."""
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        most = f"at most {MOST_SIDE} a side and {MOST_PIXELS // 10**6} million are read"
        raise Unreadable(f"has {width} x {height} pixels: {most}")
