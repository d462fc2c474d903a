"""Video-GAN ready for use: one video of a neutral face, by the model of the expression."""

import torch

from cmm.core.weights_file import load_networks, names_of
from cmm.methods.generator import Generated
from cmm.methods.video_gan.networks import VideoGenerator
from cmm.training.tensors import faces_to_tensor, tensor_to_faces


class VideoGANGenerator:
    modes = 0

    def __init__(self, weights):
        self.expressions = tuple(names_of(weights))
        self.networks, self.about = load_networks(weights, **dict.fromkeys(self.expressions, VideoGenerator))
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        for network in self.networks.values():
            network.to(self.device)
        self.size = next(iter(self.networks.values())).architecture["image_size"]

    @torch.inference_mode()
    def __call__(self, neutral, conditions, modes=True):
        """See cmm.methods.generator.Generator."""
        frames = faces_to_tensor(neutral.faces).to(self.device)
        videos = [self.networks[one.expression](frame[None])[0] for one, frame in zip(conditions, frames, strict=True)]
        return Generated(faces=tensor_to_faces(torch.stack(videos).transpose(2, 3)))


load = VideoGANGenerator
