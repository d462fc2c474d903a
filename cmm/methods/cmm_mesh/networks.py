"""Networks of CMM-mesh: shapes, a regression without training steps, and the refiner of warped mouths.

The refiner adds what a warp cannot bring: teeth, folds and shadows.
"""

from itertools import pairwise

import torch
from torch import nn

from cmm.faces.mesh import POINTS
from cmm.methods.cmm_mesh.teeth import HEIGHT, WIDTH
from cmm.networks import convolutions

WIDTHS = (24, 32, 64, 96)
INPUTS = 12  # warped face, neutral face, masks of inner mouth and mouth, displacement, edges of teeth, where known
FOLD = 2  # its pixels are squares of so many of the crop's a side
SLOPE = 0.2


class SmileShapes(nn.Module):
    """What `shapes.learn_shapes` has learned, and plates of teeth, as buffers of a weights file; sizes as theirs."""

    def __init__(self, image_size, expressions, frames, codes, modes, features, triangles, teeth):
        super().__init__()
        self.architecture = {"image_size": image_size, "expressions": expressions, "frames": frames, "teeth": teeth}
        self.architecture |= {"codes": codes, "features": features, "modes": modes, "triangles": triangles}
        shapes = {
            "mean": (POINTS, 3),
            "fade": (POINTS,),
            "triangles": (triangles, 3),
            "components": (codes, 3 * POINTS),
            "features": (features, 3 * POINTS),
            "weights": (expressions + features, codes),
            "curves": (expressions, codes, frames),
            "ways": (2, codes),
            "teeth": (teeth, HEIGHT, WIDTH, 2),
        }
        kinds = {"triangles": torch.int16, "teeth": torch.uint8}
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=kinds.get(name, torch.float32)))

    @classmethod
    def of(cls, arrays, image_size, modes):
        """The network that holds the arrays of `learn_shapes` and "teeth", for aligned faces of a side and k modes."""
        expressions, codes, frames = arrays["curves"].shape
        sizes = (len(arrays[name]) for name in ("features", "triangles", "teeth"))
        made = cls(image_size, expressions, frames, codes, modes, *sizes)
        for name, values in arrays.items():
            getattr(made, name).copy_(torch.from_numpy(values))
        return made

    def arrays(self):
        """{name: array} as `learn_shapes` gives them."""
        return {name: values.cpu().numpy() for name, values in self.named_buffers()}


class Refiner(nn.Module):
    """What is to be added to warped mouths: (b, 12, h, w) to (b, 3, h, w), in units of -1..1; h, w even."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        self.architecture = {"widths": list(widths)}
        self.first = _block(INPUTS * FOLD**2, widths[0])
        self.down = nn.ModuleList(_block(before, after) for before, after in pairwise(widths))
        self.up = nn.ModuleList(_block(after + before, before) for before, after in pairwise(widths))
        self.last = nn.Conv2d(widths[0], 3 * FOLD**2, 3, 1, 1)
        nn.init.zeros_(self.last.weight)  # it starts as the warp
        nn.init.zeros_(self.last.bias)

    def forward(self, x):
        x = nn.functional.pixel_unshuffle(x, FOLD)
        levels = [self.first(x.to(memory_format=convolutions.LAYOUT))]
        for layer in self.down:
            levels.append(layer(nn.functional.avg_pool2d(levels[-1], 2)))
        x = levels.pop()
        for layer in reversed(self.up):
            skip = levels.pop()
            x = layer(torch.cat([nn.functional.interpolate(x, skip.shape[-2:], mode="bilinear"), skip], dim=1))
        return nn.functional.pixel_shuffle(self.last(x), FOLD)


def _block(before, after):
    return nn.Sequential(
        nn.Conv2d(before, after, 3, 1, 1), nn.LeakyReLU(SLOPE), nn.Conv2d(after, after, 3, 1, 1), nn.LeakyReLU(SLOPE)
    )
