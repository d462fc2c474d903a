"""Inception v3 as the Inception Score and FID have it: the network of 2015-12-05, 2048 features, 1008 classes.

Its weights are not embedded: put the file into torch.hub's folder (`cmm.core.pretrained` says which).
"""

import cv2
import numpy as np
import torch

from cmm.evaluation.image_networks import in_batches
from cmm.evaluation.image_networks.inception_layers import InceptionV3

FILE = "inception_v3"
SIDE = 299


def load(path):
    """The Network of a weights file, checked by its caller."""
    torch.set_num_threads(1)  # one job, one core; the workflow runs jobs side by side
    return Inception(path)


class Inception:
    name = "inception_v3"

    def __init__(self, path):
        self.network = InceptionV3()
        self.network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self.network.eval()

    @torch.inference_mode()
    def describe(self, faces):
        """See Network."""

        def few(faces):
            features = self.network(_prepare(faces))[-1].mean(dim=(2, 3))
            logits = features @ self.network.fc.weight.T  # without the bias, as the code of Salimans et al. takes them
            return features.numpy(), logits.softmax(dim=1).numpy()

        return in_batches(few, faces)

    @torch.inference_mode()
    def layers(self, face):
        """See Network."""
        return [layer[0].numpy() for layer in self.network(_prepare(face[None]))]


def _prepare(faces):
    large = np.stack([cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for face in faces])
    return torch.from_numpy(large).permute(0, 3, 1, 2).float() / 127.5 - 1
