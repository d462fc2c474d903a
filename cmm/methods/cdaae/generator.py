"""CDAAE ready for use: a still face of any label; a sequence is pictures along a curve of strengths."""

import numpy as np
import torch

from cmm.core.errors import UserError
from cmm.core.weights_file import load_networks
from cmm.methods.cdaae.labels import UNITS, of_action_units, of_expression
from cmm.methods.cdaae.networks import DifferenceAutoencoder
from cmm.methods.generator import Generated, labels_of
from cmm.training.strengths import along
from cmm.training.tensors import faces_to_tensor, tensor_to_faces

AT_A_TIME = 64  # pictures


class CDAAEGenerator:
    modes = 0

    def __init__(self, weights):
        networks, self.about = load_networks(weights, autoencoder=DifferenceAutoencoder)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = networks["autoencoder"].to(self.device)
        self.size = self.network.architecture["image_size"]
        self.expressions = tuple(self.about["expressions"])

    @torch.inference_mode()
    def __call__(self, neutral, conditions, modes=True):
        """See cmm.methods.generator.Generator."""
        people = faces_to_tensor(neutral.faces).to(self.device)
        made = []
        for person, label, condition in zip(people, labels_of(conditions, self.expressions), conditions, strict=True):
            told = self.labels_along(int(label), condition)
            code, low = self.network.encode(person[None])
            parts = [
                self.network.decode(code.expand(len(part), -1), low.expand(len(part), -1, -1, -1), part)
                for part in told.split(AT_A_TIME)
            ]
            made.append(tensor_to_faces(torch.cat(parts)))
        return Generated(faces=np.stack(made)[:, None])

    def labels_along(self, label, condition):
        """Labels (t, l) from neutral to what the condition asks for at the end."""
        curve = self.network.curves[label]
        strength = condition.strength if condition.action_units is None else 1.0  # these say the end themselves
        curve = along(curve, condition.frames or len(curve), strength)
        if condition.action_units is None:
            return of_expression(torch.full((len(curve),), label), curve, len(self.expressions))
        if not self.network.architecture["action_units"]:
            raise UserError("these weights have learned no action units: none were known where they were trained")
        asked = torch.tensor([condition.action_units.get(name, 0.0) for name in UNITS], device=self.device)
        return of_action_units(curve[:, None] * asked, len(self.expressions))


load = CDAAEGenerator
