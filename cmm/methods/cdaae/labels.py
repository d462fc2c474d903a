"""Labels of CDAAE: how far each expression has come, or intensities of AU6 and AU12; zeros for what is not told.

A label is (expressions..., told by action units: 0 or 1, AU6, AU12): strengths 0-1.5, intensities as a share of 5.
"""

import torch

UNITS = ("AU6", "AU12")
HIGHEST = 5.0  # intensity of an action unit


def label_size(expressions):
    """Numbers in a label where there are so many expressions."""
    return expressions + 1 + len(UNITS)


def of_expression(label, strength, expressions):
    """Labels (b, size) of expressions (b,) int64 at strengths (b,); 0 is neutral."""
    found = torch.zeros(len(label), label_size(expressions), device=strength.device)
    found[torch.arange(len(label)), label] = strength
    return found


def of_action_units(units, expressions):
    """Labels (b, size) of intensities (b, 2) of AU6 and AU12, 0-5."""
    found = torch.zeros(len(units), label_size(expressions), device=units.device)
    found[:, expressions] = 1
    found[:, expressions + 1 :] = units / HIGHEST
    return found
