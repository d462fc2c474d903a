"""What a camera makes of a drawn scene: the head turned before it, and the picture developed."""

import cv2
import numpy as np

SENSOR_NOISE = 0.006  # standard deviation in linear light


def turn_head(image, canvas, depth, head):
    """Parallax by the height field for yaw and pitch, then roll and shift."""
    c = canvas
    yaw, pitch, roll, dx, dy = head
    pivot = np.array([0, 2.0])
    cos, sin = np.cos(-roll), np.sin(-roll)
    x, y = c.x - pivot[0] - dx, c.y - pivot[1] - dy
    source_x = x * cos - y * sin + pivot[0] - yaw * depth
    source_y = x * sin + y * cos + pivot[1] - pitch * depth
    still = np.clip((c.y - 1.7) / 0.9, 0, 1)  # shoulders stay where they are
    map_x = (source_x * (1 - still) + c.x * still) * c.scale + c.centre[0]
    map_y = (source_y * (1 - still) + c.y * still) * c.scale + c.centre[1]
    return cv2.remap(
        image,
        map_x.astype(np.float32),
        map_y.astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )


def develop(image, warmth, rng):
    """Linear light to sRGB uint8, with white balance and sensor noise."""
    image = image * np.array((1 + warmth, 1, 1 - warmth), np.float32)
    grain = rng.standard_normal(image.shape, np.float32)
    image += SENSOR_NOISE * grain * np.sqrt(np.clip(image, 0, 1) + 0.02)
    return SRGB[np.clip(image * (len(SRGB) - 1) + 0.5, 0, len(SRGB) - 1).astype(np.uint16)]


def _srgb_table():
    value = np.linspace(0, 1, 8192)
    encoded = np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
    return np.round(encoded * 255).astype(np.uint8)


SRGB = _srgb_table()
