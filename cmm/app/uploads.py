"""Pictures that somebody uploads: refused by their size before they are decoded, turned upright, never kept."""

import io
from importlib import import_module

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cmm.core.errors import UserError

MOST_BYTES = 25 * 2**20
MOST_PIXELS = 60_000_000  # a telephone's camera gives 12 to 50 million
KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
HEIC = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypheif")


def decoded(data, longest):
    """RGB uint8 (h, w, 3) of a picture's bytes, upright, at most about `longest` long.

    Raises UserError for what is no picture, or has more than MOST_BYTES or MOST_PIXELS.
    """
    check_bytes(len(data))
    heic = data[4:12] in HEIC
    if heic and not _knows_heic():
        raise UserError("HEIC pictures need a package more: pip install 'cmm[app]'; or save it as JPEG")
    try:
        with Image.open(io.BytesIO(data), formats=("HEIF",) if heic else KINDS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                most = f"at most {MOST_PIXELS // 10**6} million are taken"
                raise UserError(f"the picture has {width} x {height} pixels: {most}")
            image.draft("RGB", (longest, longest))  # a JPEG is decoded at a smaller size, if that is enough
            image = _upright(image)
            image.thumbnail((longest, longest))
            return np.asarray(_opaque(image))
    except UnidentifiedImageError:
        raise UserError("this is no picture that can be read: give JPEG, PNG, WebP or HEIC") from None
    except UserError:
        raise
    except Exception as error:  # Pillow's plugins raise of every kind for damaged files
        raise UserError(f"the picture is damaged ({type(error).__name__})") from error


def check_bytes(count):
    """UserError for more bytes than a picture may have."""
    if count > MOST_BYTES:
        raise UserError(f"the picture has more than {MOST_BYTES // 2**20} MB: give a smaller one")


def _upright(image):
    """The image turned as its EXIF says; as it is where that cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # of every kind, likewise
        image.load()
        return image


def _opaque(image):
    """The image as RGB; what is transparent lies on white."""
    if image.mode.startswith("I"):  # 16 bits of grey
        image = Image.fromarray((np.asarray(image).astype(np.float64) / 257).clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _knows_heic():
    try:
        import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return False
    return True
