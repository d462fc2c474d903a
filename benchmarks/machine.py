"""What all benchmarks share: the machine, commands and functions timed in turn, tables of results."""

import os
import platform
import re
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cmm.training.arithmetic import native_bf16

RESULTS = Path(__file__).parent / "results"
SETS = ("avx2", "avx512_f", "avx512_bf16", "amx_bf16")  # instruction sets that make a difference here
SIDE = 2048  # of the matrices that are multiplied


def in_turn(cases, rounds):
    """{name: seconds (rounds,)} of functions called one after the other, round after round, after one call of each.

    A machine that others use is fast now and slow then: what is compared must be measured side by side.
    """
    for function in cases.values():
        function()
    seconds = {name: [] for name in cases}
    for _ in range(rounds):
        for name, function in cases.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in seconds.items()}


def spread(values, digits=3):
    """Median of some numbers, and the lowest and the highest, as text."""
    low, middle, high = (f"{value:.{digits}g}" for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low} to {high})"


def write(name, rows):
    """Write the results of one benchmark, a dict each, and print them."""
    table = pd.DataFrame(rows).convert_dtypes()
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / f"{name}.tsv", sep="\t", index=False)
    print(f"\n{name}\n{table.to_string(index=False)}", flush=True)


def measured(command, **how):
    """(Seconds, CPU seconds, most resident memory [MiB]) of a command, words of Popen in `how`.

    The kernel's own maximum begins with that of the process that starts it: the memory is looked at while it runs.
    """
    start, most = time.perf_counter(), 0
    process = subprocess.Popen([str(word) for word in command], **how)
    status = Path(f"/proc/{process.pid}/status")
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        if found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text()):  # none in the last moment
            most = max(most, int(found[1]))
        time.sleep(0.02)
    if ended[1]:
        raise SystemExit(f"{command} failed")
    return time.perf_counter() - start, ended[2].ru_utime + ended[2].ru_stime, most / 1024


def product(dtype=torch.float32):
    """Function that multiplies two matrices, and the GFLOP that it takes."""
    matrix = torch.randn(SIDE, SIDE).to(dtype)
    return lambda: matrix @ matrix, 2 * SIDE**3 / 1e9


def machine():
    """Rows that describe this machine: cores, instruction sets, the rate of a matrix product."""
    known = torch.cpu.get_capabilities()
    cores = len(os.sched_getaffinity(0))
    rows = [
        {"what": "processor", "value": known.get("cpu_name", platform.processor())},
        {"what": "cores", "value": cores},
        {"what": "instruction sets", "value": ", ".join(name for name in SETS if known.get(name))},
        {"what": "PyTorch", "value": torch.__version__},
    ]
    kinds = {"fp32": torch.float32} | ({"bf16": torch.bfloat16} if native_bf16(torch.device("cpu")) else {})
    for name, dtype in kinds.items():
        for threads in sorted({1, cores}):
            torch.set_num_threads(threads)
            function, work = product(dtype)
            rates = work / in_turn({name: function}, 7)[name]
            rows.append({"what": f"matrix product, {name}, {threads} threads [GFLOP/s]", "value": spread(rates)})
    return rows


if __name__ == "__main__":
    write("machine", machine())
