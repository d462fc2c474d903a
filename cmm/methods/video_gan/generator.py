"""Video-GAN ready for use: one video of a neutral face, by the model of the expression."""

import torch

from cmm.core.errors import UserError
from cmm.core.weights_file import load_networks, names_of
from cmm.datasets import EXPRESSIONS
from cmm.methods.generator import Generated
from cmm.methods.video_gan.networks import VideoGenerator
from cmm.training.tensors import faces_to_tensor, tensor_to_faces


class VideoGANGenerator:
    modes = 0

    def __init__(self, weights):
        names = [name for name in EXPRESSIONS if name in names_of(weights)]
        if not names:
            raise UserError(f"{weights} has no model of an expression: it holds {', '.join(names_of(weights))}")
        networks, self.about = load_networks(weights, **dict.fromkeys(names, VideoGenerator))
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.networks = {EXPRESSIONS.index(name): networks[name].to(self.device) for name in names}
        self.labels = tuple(self.networks)
        self.size = next(iter(self.networks.values())).architecture["image_size"]

    @torch.inference_mode()
    def __call__(self, landmarks, faces, label, modes=True):
        """See cmm.methods.generator.Generator."""
        frames = faces_to_tensor(faces).to(self.device)
        videos = [self.networks[int(k)](frame[None])[0] for k, frame in zip(label, frames, strict=True)]
        return Generated(faces=tensor_to_faces(torch.stack(videos).transpose(2, 3)))


load = VideoGANGenerator
