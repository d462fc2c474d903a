"""CRA-Net ready for use: one sequence of a neutral face and an expression."""

import torch

from cmm.core.weights_file import load_networks
from cmm.methods.generator import Generated, labels_of
from cmm.networks.conditional_lstm import ConditionalLSTM
from cmm.networks.image_vae import ImageVAE
from cmm.training.tensors import faces_to_tensor, tensor_to_faces


class CRANetGenerator:
    modes = 0

    def __init__(self, weights):
        networks, self.about = load_networks(weights, face_vae=ImageVAE, conditional_lstm=ConditionalLSTM)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.vae, self.lstm = (network.to(self.device) for network in networks.values())
        self.size = self.vae.architecture["image_size"]
        self.expressions = tuple(self.about["expressions"])

    @torch.inference_mode()
    def __call__(self, neutral, conditions, modes=True):
        """See cmm.methods.generator.Generator."""
        people = faces_to_tensor(neutral.faces).to(self.device)
        label = torch.from_numpy(labels_of(conditions, self.expressions)).to(self.device)
        sequence = self.lstm(self.vae.encode(people)[0], label)
        pictures = [self.vae.decode(codes) for codes in sequence]
        return Generated(faces=tensor_to_faces(torch.stack(pictures))[:, None])


load = CRANetGenerator
