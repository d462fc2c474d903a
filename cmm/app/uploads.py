"""Pictures that somebody uploads: refused by their size before they are decoded, turned upright, never kept."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from cmm.core.errors import UserError
from cmm.core.pictures import opaque, read_heic, upright

MOST_BYTES = 25 * 2**20
MOST_PIXELS = 60_000_000  # a telephone's camera gives 12 to 50 million
TAKEN = f"at most {MOST_PIXELS // 10**6} million are taken"
KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
HEIC = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypheif")


def decoded(data, longest):
    """RGB uint8 (h, w, 3) of a picture's bytes, upright, at most about `longest` long.

    Raises UserError for what is no picture, or has more than MOST_BYTES or MOST_PIXELS.
    """
    check_bytes(len(data))
    if heic := data[4:12] in HEIC:
        read_heic()
    try:
        with Image.open(io.BytesIO(data), formats=("HEIF",) if heic else KINDS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise UserError(f"the picture has {image.width} x {image.height} pixels: {TAKEN}")
            image.draft("RGB", (longest, longest))  # a JPEG is decoded at a smaller size, if that is enough
            image = upright(image)
            image.thumbnail((longest, longest))
            return np.asarray(opaque(image))
    except Image.DecompressionBombError:
        raise UserError(f"the picture has far too many pixels: {TAKEN}") from None
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
