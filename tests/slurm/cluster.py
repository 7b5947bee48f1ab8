"""A SLURM cluster of one node on the loopback address, for tests: own keys, own ports, own state, nothing of /etc.

Daemons run in the foreground as children of this process; all that they write lies in one folder. Debian's packages
slurm-wlm and munge suffice, and no daemon needs root. By hand: `python tests/slurm/cluster.py FOLDER`, until Ctrl-C.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
CGROUP_PLUGINS = ("disabled", "autodetect", "cgroup/v1")  # early versions refuse the first, later ones need it
CONFIG = """
ClusterName=loopback
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={slurmctld_port}
SlurmdPort={slurmd_port}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/slurmctld
SlurmdSpoolDir={folder}/slurmd
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
# Containers and continuous integration have no cgroups to give: processes are found by their parents, and a job
# whose memory is sampled above its request is killed.
ProctrackType=proctrack/linuxproc
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
# Eight jobs at a time whatever the machine has; a GPU is any device, and only the scheduler believes in it.
# Finished jobs are remembered: Snakemake asks squeue for them, and a test asks scontrol at the end.
MinJobAge=3600
NodeName={node} NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:1 State=UNKNOWN
PartitionName=all Nodes={node} Default=YES State=UP
"""


class Cluster:
    """A running cluster: environment for the programs that talk to it, and its jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
        }

    def ask(self, *command: str) -> str:
        """Output of one of SLURM's commands; raises CalledProcessError when it fails."""
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=60)
        return run.stdout

    def jobs(self) -> list[dict[str, str]]:
        """What `scontrol show job` says of each job since the start, tasks of an array one by one."""
        lines = self.ask("scontrol", "show", "job", "--oneliner").splitlines()
        return [dict(field.split("=", 1) for field in line.split() if "=" in field) for line in lines if "=" in line]

    def processes(self) -> dict[int, str]:
        """Command lines of all processes that know this folder: daemons, and what they started."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                known = command + (path / "environ").read_bytes().decode(errors="replace")
                if str(self.folder) in known and int(path.name) != os.getpid():
                    found[int(path.name)] = command
        return found


def missing_programs() -> str:
    """Why no cluster can be started here; empty where it can."""
    missing = [name for name in NEEDED if not program(name)]
    if missing:
        return f"{', '.join(missing)} not found (apt-get install slurm-wlm munge)"
    try:
        socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return f"the host name {socket.gethostname()} has no address"
    return ""


def program(name: str) -> str | None:
    """Path of a program, also of daemons, which are not on the path of plain users."""
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/local/sbin", "/usr/sbin", "/sbin"]))


@contextlib.contextmanager
def one_node_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a cluster with its state in a new folder; it is stopped, and its folder removed, in any case."""
    folder.mkdir(mode=0o755)
    cluster = Cluster(folder)
    write_files(folder)
    daemons: list[subprocess.Popen] = []
    try:
        start(daemons, cluster, "munged", *munge_options(folder))
        wait_until(lambda: (folder / "munge.socket").exists(), daemons, folder)
        start(daemons, cluster, "slurmctld", "-D")
        wait_until(lambda: "UP" in cluster.ask("scontrol", "ping"), daemons, folder)
        start_node(daemons, cluster)
        yield cluster
    finally:
        stop(cluster, daemons)
        shutil.rmtree(folder)


def write_files(folder: Path) -> None:
    """Write the cluster's configuration and key."""
    for name in ("slurmctld", "slurmd", "bin"):
        (folder / name).mkdir()
    with contextlib.closing(socket.socket()) as first, contextlib.closing(socket.socket()) as second:
        for free in (first, second):
            free.bind(("127.0.0.1", 0))
        ports = {"slurmctld_port": first.getsockname()[1], "slurmd_port": second.getsockname()[1]}
    node = socket.gethostname().split(".")[0]
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    config = CONFIG.format(folder=folder, node=node, user=user, **ports)
    (folder / "slurm.conf").write_text(config)
    (folder / "gres.conf").write_text(f"NodeName={node} Name=gpu File=/dev/null\n")
    (folder / "munge.key").touch(mode=0o600)
    (folder / "munge.key").write_bytes(os.urandom(1024))
    # The plugin takes SLURM_CONF from the environment before it calls srun inside a job.
    (folder / "bin/srun").write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {program("srun")} "$@"\n')
    (folder / "bin/srun").chmod(0o755)


def munge_options(folder: Path) -> list[str]:
    """Options of munged; forced, as it mistrusts a folder below one that all may write to."""
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    return ["--foreground", "--force", *(f"--{option}={folder}/munge.{ending}" for option, ending in files.items())]


def start(daemons: list[subprocess.Popen], cluster: Cluster, name: str, *options: str) -> None:
    """Start a daemon that writes to <name>.log, and add it to the list."""
    with (cluster.folder / f"{name}.log").open("w") as log:
        daemon = subprocess.Popen(
            [program(name) or name, *options],
            env=cluster.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the person who pressed it; daemons are stopped in turn
        )
    daemons.append(daemon)


def start_node(daemons: list[subprocess.Popen], cluster: Cluster) -> None:
    """Start slurmd with the first way to do without cgroups that this version and this machine know."""
    for plugin in CGROUP_PLUGINS:
        (cluster.folder / "cgroup.conf").write_text(f"CgroupPlugin={plugin}\n")
        start(daemons, cluster, "slurmd", "-D")
        try:
            wait_until(
                lambda: cluster.ask("sinfo", "--noheader", "--format=%t").strip() == "idle", daemons, cluster.folder
            )
        except RuntimeError:
            if plugin == CGROUP_PLUGINS[-1]:
                raise
            end(daemons.pop())
        else:
            return


def wait_until(ready: Callable[[], bool], daemons: list[subprocess.Popen], folder: Path, seconds: float = 60) -> None:
    """Wait; raises RuntimeError with the daemons' logs when one of them ends or the time is over."""
    last = time.monotonic() + seconds
    while time.monotonic() < last and all(daemon.poll() is None for daemon in daemons):
        with contextlib.suppress(subprocess.CalledProcessError, subprocess.TimeoutExpired):
            if ready():
                return
        time.sleep(0.1)
    logs = [f"{path.name}:\n{path.read_text()[-2000:]}" for path in sorted(folder.glob("*.log"))]
    raise RuntimeError("The SLURM cluster did not start.\n" + "\n".join(logs))


def end(daemon: subprocess.Popen) -> None:
    """End a daemon, if need be by force."""
    daemon.terminate()
    try:
        daemon.wait(20)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def stop(cluster: Cluster, daemons: list[subprocess.Popen]) -> None:
    """End all jobs, then the daemons, the last one started first; then whatever they left."""
    with contextlib.suppress(subprocess.CalledProcessError, subprocess.TimeoutExpired):
        cluster.ask("scancel", f"--user={os.getuid()}")
        last = time.monotonic() + 20
        while cluster.ask("squeue", "--noheader", "--states=running,completing,pending") and time.monotonic() < last:
            time.sleep(0.2)
    for daemon in reversed(daemons):
        end(daemon)
    for process in cluster.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    with one_node_cluster(Path(sys.argv[1]).resolve()) as running:
        print(f"export SLURM_CONF={running.environment['SLURM_CONF']} PATH={running.folder}/bin:$PATH")
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
