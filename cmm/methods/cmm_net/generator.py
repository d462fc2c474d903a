"""CMM-Net: landmark sequences from the neutral landmark image, faces from landmark images (the paper)."""

import torch

from cmm.core.errors import UserError
from cmm.core.weights_file import load_networks
from cmm.methods.cmm_net.networks import MultiModeLSTM
from cmm.methods.generator import Generated, labels_of
from cmm.networks.conditional_lstm import ConditionalLSTM
from cmm.networks.image_vae import ImageVAE
from cmm.networks.translation import TranslationUNet
from cmm.training.tensors import faces_to_tensor, images_to_tensor, tensor_to_faces


class CMMNetGenerator:
    """CMM-Net ready for use: a neutral face and an expression give 1 + K sequences."""

    def __init__(self, landmark_weights, translation_weights):
        networks, self.about = load_networks(
            landmark_weights, landmark_vae=ImageVAE, conditional_lstm=ConditionalLSTM, multi_mode_lstm=MultiModeLSTM
        )
        translation, _ = load_networks(translation_weights, translation=TranslationUNet)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.vae, self.lstm, self.multi = (network.to(self.device) for network in networks.values())
        self.unet = translation["translation"].to(self.device)
        self.size = self.vae.architecture["image_size"]
        self.modes = self.multi.architecture["modes"]
        self.expressions = tuple(self.about["expressions"])
        if self.size != self.unet.architecture["image_size"]:
            raise UserError(
                f"{landmark_weights} is for {self.size} px, {translation_weights} for"
                f" {self.unet.architecture['image_size']} px: train both on one smiles.h5"
            )

    @torch.inference_mode()
    def __call__(self, neutral, conditions, modes=True):
        """See cmm.methods.generator.Generator."""
        shape = images_to_tensor(neutral.landmarks).to(self.device)
        label = torch.from_numpy(labels_of(conditions, self.expressions)).to(self.device)
        every = self.lstm(self.vae.encode(shape)[0], label)[:, None]  # (b, 1, t, c)
        if modes:
            every = torch.cat([every, self.multi(every[:, 0])], dim=1)  # (b, 1 + k, t, c)
        images = [self.vae.decode(one.flatten(0, 1)) for one in every]
        people = faces_to_tensor(neutral.faces).to(self.device)
        pictures = [self._translate(person, drawn) for person, drawn in zip(people, images, strict=True)]
        count = every.shape[:3]
        drawn = (torch.stack(images) * 255).round().to(torch.uint8).cpu().numpy()
        return Generated(
            landmarks=drawn.reshape(*count, self.size, self.size),
            faces=tensor_to_faces(torch.stack(pictures)).reshape(*count, self.size, self.size, 3),
        )

    def _translate(self, person, drawn):
        return self.unet(person.expand(len(drawn), -1, -1, -1), drawn)


load = CMMNetGenerator
