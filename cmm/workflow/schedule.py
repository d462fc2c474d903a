"""When a plan would be done on some nodes: a list schedule, as Snakemake or a cluster's queue make one."""

import heapq
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A job: how long it takes, what it occupies, and the numbers of the tasks that must be done before."""

    seconds: float
    threads: int = 1
    gpu: int = 0
    before: tuple[int, ...] = ()


def wall_seconds(tasks, nodes, cores, gpus):
    """Seconds until all tasks are done on `nodes` of so many cores and GPUs each; what comes first is started first.

    A task that asks for more than a node has takes all of it, no longer than it would. Raises ValueError for tasks
    that wait for each other.
    """
    after, waiting = [[] for _ in tasks], [len(set(task.before)) for task in tasks]
    for number, task in enumerate(tasks):
        for other in set(task.before):
            after[other].append(number)
    free = [[cores, gpus] for _ in range(nodes)]
    ready = {}  # {what tasks occupy: their numbers}: of those that are alike, only the first is looked at
    running, now, done = [], 0.0, 0

    def enqueue(number):
        task = tasks[number]
        ready.setdefault((min(task.threads, cores), min(task.gpu, gpus)), deque()).append(number)

    def start():
        for needs, queue in ready.items():
            for place, node in enumerate(free):
                while queue and node[0] >= needs[0] and node[1] >= needs[1]:
                    number = queue.popleft()
                    node[0], node[1] = node[0] - needs[0], node[1] - needs[1]
                    heapq.heappush(running, (now + tasks[number].seconds, number, place, needs))

    for number, count in enumerate(waiting):
        if not count:
            enqueue(number)
    start()
    while running:
        now, number, place, needs = heapq.heappop(running)
        free[place][0] += needs[0]
        free[place][1] += needs[1]
        done += 1
        for other in after[number]:
            waiting[other] -= 1
            if not waiting[other]:
                enqueue(other)
        start()
    if done < len(tasks):
        raise ValueError("tasks wait for each other")
    return now
