"""In which arithmetic a training computes: bf16 where the device multiplies it natively, fp32 elsewhere."""

import logging

import torch

PRECISIONS = ("auto", "fp32", "bf16")
NATIVE = ("avx512_bf16", "amx_bf16", "bf16", "arm_bf16")  # of a CPU, as torch.cpu.get_capabilities() names them

log = logging.getLogger("cmm")


def native_bf16(device):
    """Whether a torch.device multiplies matrices of bf16 itself.

    Elsewhere each number is turned into float32 and back, which on a CPU takes many times as long
    as float32 alone.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return any(torch.cpu.get_capabilities().get(name) for name in NATIVE)


def chosen(precision, device):
    """The arithmetic, fp32 or bf16, that a setting `precision` means on a device."""
    if precision == "auto":
        return "bf16" if native_bf16(device) else "fp32"
    return precision


def warn_if_emulated(precision, device):
    """One line where bf16 is asked for and the device would only emulate it."""
    if precision == "bf16" and not native_bf16(device):
        log.warning("precision: bf16 is emulated on this %s and slow: auto would take fp32", device.type)


def autocast(device, settings):
    """Context of the forward pass in the precision of the settings; bf16 needs no scaling of the loss."""
    enabled = chosen(settings.precision, device) == "bf16"
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)
