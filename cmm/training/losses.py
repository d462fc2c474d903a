"""The losses of the paper, equations 1 to 6. Pure functions of tensors.

Shape legend: b sequences (or images), k modes, t steps, c code channels, s side.
"""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, l1_loss, normalize


def landmark_bce(logits, images):
    """Pixel-wise binary cross-entropy (eq. 1): summed over pixels, mean over images.

    logits and images (..., s, s); images in 0-1.
    """
    total = binary_cross_entropy_with_logits(logits, images, reduction="sum")
    return total / logits[..., 0, 0].numel()


def landmark_bce_each(logits, images):
    """Eq. 1 of each sequence alone: summed over pixels, mean over its frames.

    logits and images (..., t, s, s); returns (...).
    """
    return binary_cross_entropy_with_logits(logits, images, reduction="none").sum(dim=(-2, -1)).mean(dim=-1)


def weight_of_others(losses, others):
    """Losses (b, k) of the modes, weighted: 1 for the least of each row, `others` for the rest, over their mean.

    `others` 1 changes nothing; 0 counts the nearest mode alone ("multiple choice learning", Guzman-Rivera et al. 2012).
    """
    weights = torch.full_like(losses, others).scatter(1, losses.argmin(dim=1, keepdim=True), 1.0)
    return losses * weights / weights.mean(dim=1, keepdim=True)


def across(vectors, way):
    """What of vectors (b, k, d) does not lie along their row's `way` (b, d), which gets no gradient."""
    direction = normalize(way.detach(), dim=1)[:, None]
    return vectors - (vectors * direction).sum(dim=-1, keepdim=True) * direction


def kl_divergence(mean, log_deviation):
    """KL divergence of the codes' normal (b, c) from the standard normal, mean over images."""
    terms = mean**2 + torch.exp(2 * log_deviation) - 2 * log_deviation - 1
    return 0.5 * terms.sum() / len(mean)


def pull(modes, sequence):
    """Pull (eq. 2): squared distance of the mode-wise average to the conditional sequence.

    modes (b, k, t, c), sequence (b, t, c); summed over channels, mean over b and t.
    """
    return ((modes.mean(dim=1) - sequence) ** 2).sum(dim=-1).mean()


def push(mode_logits):
    """Push (eq. 3): cross-entropy of telling the modes apart, from logits (b, k, k)."""
    b, k, _ = mode_logits.shape
    target = torch.arange(k, device=mode_logits.device).expand(b, k)
    return cross_entropy(mode_logits.reshape(b * k, k), target.reshape(b * k))


def reconstruction(fake, face):
    """L1 distance of faces (eq. 4), mean over all values."""
    return l1_loss(fake, face)


def adversarial_discriminator(real_logits, fake_logits):
    """Discriminator's side (eq. 5): every cell tells real pairs from generated ones."""
    real = binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake = binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return 0.5 * (real + fake)


def adversarial_generator(fake_logits):
    """Generator's side (eq. 6): every cell should call the generated pair real.

    Least -log D, the non-saturating form of Goodfellow et al. 2014, section 3, instead of least log(1 - D): the fixed
    point is the same, and there is a gradient where the discriminator is sure. A reading of ours.
    """
    return binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))
