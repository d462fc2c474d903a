"""The adversarial half of a step, the same for every generator that is trained against a discriminator."""

from cmm.training.arithmetic import autocast
from cmm.training.losses import adversarial_discriminator, adversarial_generator


def train_discriminator(batch, discriminator, adam, real, fake, device, settings):
    """Train the discriminator on real and generated inputs (tuples of tensors); (its loss, the generator's loss).

    The generator's loss leads back into `fake`, and leaves no gradients in the discriminator.
    """
    with autocast(device, settings):
        real_logits = discriminator(*real)
        fake_logits = discriminator(*(part.detach() for part in fake))
    loss = adversarial_discriminator(real_logits.float(), fake_logits.float())
    batch.descend(loss, adam)
    discriminator.requires_grad_(False)  # spares the gradients that the generator's half does not use
    with autocast(device, settings):
        judged = discriminator(*fake)
    discriminator.requires_grad_(True)
    return loss, adversarial_generator(judged.float())
