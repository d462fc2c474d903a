"""Optimisers of the training stages."""

import torch


def adam(*groups, beta1=0.9):
    """Adam with a step of its own for each group (step, network, ...)."""
    groups = [
        {"params": [parameter for network in networks for parameter in network.parameters()], "lr": rate}
        for rate, *networks in groups
    ]
    return torch.optim.Adam(groups, betas=(beta1, 0.999), fused=True)
