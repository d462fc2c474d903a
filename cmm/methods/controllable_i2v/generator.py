"""Controllable image-to-video translation ready for use: frames of any number, to any strength."""

import numpy as np
import torch

from cmm.core.weights_file import load_networks
from cmm.methods.controllable_i2v.networks import StrengthUNet
from cmm.methods.generator import Generated, labels_of
from cmm.training.strengths import along
from cmm.training.tensors import faces_to_tensor, tensor_to_faces

AT_A_TIME = 64  # frames


class ControllableI2VGenerator:
    modes = 0

    def __init__(self, weights):
        networks, self.about = load_networks(weights, generator=StrengthUNet)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = networks["generator"].to(self.device)
        self.size = self.network.architecture["image_size"]
        self.expressions = tuple(self.about["expressions"])

    @torch.inference_mode()
    def __call__(self, neutral, conditions, modes=True):
        """See cmm.methods.generator.Generator."""
        label = torch.from_numpy(labels_of(conditions, self.expressions)).to(self.device)
        people = faces_to_tensor(neutral.faces).to(self.device)
        made = []
        for person, one, condition in zip(people, label, conditions, strict=True):
            curve = self.network.curves[one]
            strengths = along(curve, condition.frames or len(curve), condition.strength)
            parts = [self.network(person[None], one[None], part[None])[0] for part in strengths.split(AT_A_TIME)]
            made.append(tensor_to_faces(torch.cat(parts)))
        return Generated(faces=np.stack(made)[:, None])


load = ControllableI2VGenerator
