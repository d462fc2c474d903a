"""A real Slurm on this machine: two nodes, partitions `cpu` and `gpu` (two fake GPUs), memory limits enforced.

`with cluster(folder):` as root, with Debian's slurm-wlm and munge installed. All state lies
in the folder, except the links /etc/slurm/*.conf and a line in /etc/hosts, which go again.
"""

import functools
import os
import re
import shutil
import socket
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path

from waiting import wait_for

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "scancel", "squeue", "scontrol", "munged")
PORT = 16817
ETC = Path("/etc/slurm")
HOSTS = Path("/etc/hosts")
NODES = "127.0.0.1 n1 n2\n"
# Memory is watched by polling the processes of a step, as without cgroups; a job that has
# more than it asked for is killed.
CONF = """
ClusterName=ci
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={port}
AuthType=auth/munge
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
MailProg=/bin/true
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
ReturnToService=2
MinJobAge=3600
InactiveLimit=0
KillWait=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={port1} CPUs=8 RealMemory=12000 Gres=gpu:fake:2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={port2} CPUs=8 RealMemory=12000
PartitionName=cpu Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=n1 MaxTime=INFINITE State=UP
"""
GRES = "AutoDetect=off\nNodeName=n1 Name=gpu Type=fake File={folder}/nvidia[0-1]\n"


def why_not():
    """The reason why no cluster can be started here, "" if one can."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"{missing[0]} is not installed"
    if os.geteuid() != 0:
        return "only root can start slurmd"
    if any(path.exists() and not path.is_symlink() for path in (ETC / "slurm.conf", ETC / "gres.conf")):
        return "this machine has a Slurm of its own"
    return ""


@contextmanager
def cluster(folder):
    """Start the cluster with its state in `folder`, wait until both nodes are idle; take it down at the end."""
    _start_munge()
    host = socket.gethostname().split(".")[0]
    for name in ("ctld", "n1", "n2"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for i in range(2):  # a GPU needs a device file, or the node is invalid: another /dev/null
        os.mknod(folder / f"nvidia{i}", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    ports = {"port": PORT, "port1": PORT + 10, "port2": PORT + 11}
    (folder / "slurm.conf").write_text(CONF.format(host=host, folder=folder, **ports))
    (folder / "gres.conf").write_text(GRES.format(folder=folder))
    hosts = HOSTS.read_text()
    try:
        ETC.mkdir(exist_ok=True)
        for name in ("slurm.conf", "gres.conf"):  # jobs look for them there, whatever SLURM_CONF says
            (ETC / name).unlink(missing_ok=True)
            (ETC / name).symlink_to(folder / name)
        HOSTS.write_text(hosts + NODES)
        for command in (["slurmctld", "-c"], ["slurmd", "-N", "n1"], ["slurmd", "-N", "n2"]):
            subprocess.run(command, check=True, timeout=60)
        _wait(lambda: set(slurm("sinfo", "-h", "-N", "-o", "%T").split()) == {"idle"}, "the nodes were idle")
        yield
    finally:
        subprocess.run(["timeout", "-k", "5", "20", "scancel", "-u", "root"], check=False)
        for path in (*folder.glob("slurmd-*.pid"), folder / "slurmctld.pid"):
            if path.is_file() and path.read_text().strip():
                _stop(int(path.read_text()))
        for name in ("slurm.conf", "gres.conf"):
            (ETC / name).unlink(missing_ok=True)
        HOSTS.write_text(hosts)


def slurm(*command):
    """What a Slurm command prints, at most 30 s later: srun to a broken node waits for ever."""
    done = subprocess.run(["timeout", "-k", "5", "30", *command], capture_output=True, text=True, check=True)
    return done.stdout


def jobs():
    """All jobs so far, oldest first: dicts of scontrol's fields, with the rule's name as `rule`."""
    found = []
    for line in slurm("scontrol", "show", "job", "-o").splitlines():
        job = dict(re.findall(r"(\w+)=(\S*)", line))
        rule = re.search(r"Comment=rule_([a-z_]+?)(?:_wildcards|\s|$)", line)
        if "JobId" in job:
            found.append(job | {"rule": rule[1] if rule else ""})
    return sorted(found, key=lambda job: int(job["JobId"]))


def wait_for_job(check, process, what):
    """The first job for which `check(job)` holds; fails if `process` ends before there is one."""
    return _wait(lambda: next((job for job in jobs() if check(job)), None), what, process=process)


_wait = functools.partial(wait_for, seconds=600, pause=0.2)  # between two questions to the daemon


def _start_munge():
    if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode == 0:
        return
    shutil.rmtree("/run/munge", ignore_errors=True)
    Path("/run/munge").mkdir(mode=0o755)
    shutil.chown("/run/munge", "munge", "munge")
    subprocess.run(["runuser", "-u", "munge", "--", "/usr/sbin/munged", "--force"], check=True, timeout=60)
    _wait(lambda: subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode == 0, "munge answered")


def _stop(pid):
    try:
        os.kill(pid, 15)
    except ProcessLookupError:
        return
    _wait(lambda: not Path(f"/proc/{pid}").exists() or "Z" in _state(pid), f"process {pid} ended", seconds=30)


def _state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2]
    except FileNotFoundError:
        return "Z"
