"""Data-parallel training: the processes of one job, one a GPU, started by torchrun.

Every process holds the same networks and takes its part of each batch. Gradients are
summed over the processes, and so are the statistics of BatchNorm, so that N processes
take the same step as one process with the same batch, up to rounding.
"""

import fcntl
import logging
import os
import sys
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

from cmm.core.errors import UserError

log = logging.getLogger("cmm")
_claimed = []  # open lock files of the GPUs that this process uses: held until it ends


def join(processes):
    """Join the group of `processes` processes, starting them first if nobody has.

    Started plainly, `python -m cmm` replaces itself by torchrun, which starts it
    `processes` times on this machine. Started by torchrun (several nodes, say), the
    world must have the size that was asked for: UserError if not, since a process that
    trains alone by mistake looks like one that trains well.
    """
    world = os.environ.get("WORLD_SIZE")
    if world is None and processes > 1:
        log.info("starting %d processes", processes)
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        os.execv(sys.executable, [sys.executable, *torchrun, "-m", "cmm", *sys.argv[1:]])
    if int(world or 1) != processes:
        raise UserError(f"started in {world} processes, but --processes is {processes}: give both the same number")
    if processes > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def size():
    """Number of processes that train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank():
    """Number of this process, from 0. Process 0 alone writes files."""
    return dist.get_rank() if dist.is_initialized() else 0


def claim_device():
    """The device to train on: a GPU that no other training of this machine has claimed, else the CPU.

    A scheduler shows each job its own GPUs; where nobody does, jobs side by side would
    all take the first.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    count = torch.cuda.device_count()
    names = [str(torch.cuda.get_device_properties(i).uuid) for i in range(count)]
    number = claim(names)
    if number is None:
        if size() > 1:
            raise UserError(f"{size()} processes need a GPU each: other trainings use all {count} of this machine")
        number = 0
        log.warning("other trainings use all %d GPUs of this machine: sharing the first", count)
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def claim(names):
    """Lock the first of `names` that no other process has locked; its index, None if there is none."""
    for number, name in enumerate(names):
        path = Path(tempfile.gettempdir()) / f"cmm-gpu-{name}.{os.getuid()}.lock"
        file = open(path, "a")  # noqa: SIM115 - open as long as the GPU is used
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        _claimed.append(file)
        return number
    return None


def part_of(count):
    """The slice of a batch of `count` items that is this process's."""
    return slice(rank() * count // size(), (rank() + 1) * count // size())


def words():
    """How many processes and threads train, as a person says it."""
    threads = torch.get_num_threads()
    many = f"{size()} processes" if size() > 1 else "1 process"
    return f"{many}, {threads} thread{'s' * (threads > 1)}{' each' * (size() > 1)}"


def summed(tensor):
    """Sum of a tensor over all processes."""
    if size() > 1:
        dist.all_reduce(tensor)
    return tensor


def sum_gradients(parameters):
    """Sum the gradients of `parameters` over all processes, in one exchange."""
    if size() == 1:
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    parts = flat.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def from_first(value):
    """What process 0 gave as `value`, in every process."""
    if size() == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def share_statistics(networks):
    """Make every BatchNorm of `networks` take its statistics over all processes."""
    if size() == 1:
        return
    shared = {nn.BatchNorm2d: SharedBatchNorm2d, nn.BatchNorm3d: SharedBatchNorm3d}
    for network in networks:
        for layer in network.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm) and not isinstance(layer, SharedStatistics):
                layer.__class__ = shared[type(layer)]  # its parameters are in use by an optimiser: keep them


class Sum(torch.autograd.Function):
    """Sum of a tensor over all processes. Its gradient is the sum of their gradients."""

    @staticmethod
    def forward(ctx, tensor):
        tensor = tensor.clone()
        dist.all_reduce(tensor)
        return tensor

    @staticmethod
    def backward(ctx, gradient):
        return Sum.apply(gradient)


class SharedStatistics:
    """Of a BatchNorm: its statistics are those of the whole batch, the parts of all processes.

    As torch.nn.SyncBatchNorm, which does not work on a CPU.
    """

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        values = x.float()
        axes = tuple(axis for axis in range(x.ndim) if axis != 1)
        channels = (-1, *(1 for _ in axes[1:]))  # as shape: along the channels of an item
        head = Sum.apply(torch.cat([values.sum(axes), values.new_tensor([values[:, 0].numel()])]))
        count = head[-1].detach()
        mean = head[:-1] / count
        centred = values - mean.view(channels)
        variance = Sum.apply((centred**2).sum(axes)) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale.view(channels) + self.bias.view(channels)).to(x.dtype)


class SharedBatchNorm2d(SharedStatistics, nn.BatchNorm2d):
    """Of pictures (b, c, h, w)."""


class SharedBatchNorm3d(SharedStatistics, nn.BatchNorm3d):
    """Of videos (b, c, t, h, w)."""
