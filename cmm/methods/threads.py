"""Work of one process on all its cores."""

from concurrent.futures import ThreadPoolExecutor

import torch


def in_threads(functions):
    """Yield what functions without arguments give, in their order, as many running at once as PyTorch has threads.

    Each computes on one core, so that its result does not depend on how many there are.
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from pool.map(lambda function: function(), functions)
    finally:
        torch.set_num_threads(threads)
