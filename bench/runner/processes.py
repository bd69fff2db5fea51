"""Servers and loads as processes, each on a CPU of its own: the server on the first, all else on
the second."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

SERVER_CPU, LOAD_CPU = "0", "1"
FLOOR_PORT, PSMOVED_PORT = 9701, 9702


class Failed(Exception):
    """Something could not be measured; the text is one sentence for people."""


scheduling = []  # what comes before every measured command


def keep_others_away(realtime):
    """This script keeps off the server's CPU; with `realtime` nobody else preempts what is measured
    either, but for 50 ms of each second that the kernel keeps for them where a CPU is full."""
    os.sched_setaffinity(0, {int(LOAD_CPU)})
    if realtime:
        scheduling[:] = ["chrt", "-f", "10"]
    elif (load := os.getloadavg()[0]) > 0.7:
        print(f"bench: the machine is busy (load {load:.1f}), figures will be noisy; root can say "
              "--realtime", flush=True)


@contextlib.contextmanager
def awake_cpus():
    """Keeps both CPUs from going to sleep, by a loop on each that runs only where nobody else wants
    to (SCHED_IDLE). Without it a virtual machine's latencies are those of its host waking a CPU
    that sleeps: ten times the server's own, and different from one hour to the next."""
    loops = [subprocess.Popen(["taskset", "-c", cpu, "nice", "-n", "19", "chrt", "-i", "0",
                               "sh", "-c", "while :; do :; done"])
             for cpu in (SERVER_CPU, LOAD_CPU)]
    try:
        yield
    finally:
        for loop in loops:
            stop(loop)


def pinned(cpu, command):
    return [*scheduling, "taskset", "-c", cpu, *map(str, command)]


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Server:
    """A running server under measurement."""

    def __init__(self, process, port):
        self.process, self.port, self.pid = process, port, process.pid

    def cpu_s(self):
        """Seconds of all its threads, exact."""
        return sum(int((task / "schedstat").read_text().split()[0])
                   for task in self._tasks()) / 1e9

    def wakeups(self):
        """How often its threads went to sleep of their own will."""
        return sum(int(line.split()[1]) for task in self._tasks()
                   for line in (task / "status").read_text().splitlines()
                   if line.startswith("voluntary_ctxt_switches"))

    def rss_kb(self):
        pages = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") // 1024

    def _tasks(self):
        return list(pathlib.Path(f"/proc/{self.pid}/task").iterdir())


def wait_for_port(process, port, patience_s=10):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            error = process.stderr.read().decode(errors="replace").strip()[-500:]
            raise Failed(f"a server ended at once: {error}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        time.sleep(0.01)
    raise Failed(f"nothing listens on port {port}")


def program(options, name):
    path = options.bin / name
    if not path.exists():
        raise Failed(f"{path} is missing; build it with ./dev build release")
    return path


@contextlib.contextmanager
def floor(options, *arguments, controllers=7, rate=87.5, seconds=60.0):
    """The floor server with a feeder that plays its controllers."""
    feeder = subprocess.Popen(
        pinned(LOAD_CPU, [program(options, "bench-feeder"), "--controllers", controllers,
                          "--rate", rate, "--seconds", seconds]),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process = subprocess.Popen(
        pinned(SERVER_CPU, [program(options, "bench-floor"), "--port", FLOOR_PORT, *arguments]),
        stdin=feeder.stdout, stderr=subprocess.PIPE)
    feeder.stdout.close()
    try:
        wait_for_port(process, FLOOR_PORT)
        yield Server(process, FLOOR_PORT)
    finally:
        stop(process)
        stop(feeder)


def psmoved_command(options, state_dir, simulate, under=()):
    """@param under: a command that runs it"""
    command = [*under, program(options, "psmoved"), "--no-hardware", "--port", PSMOVED_PORT,
               "--bind", "127.0.0.1", "--state-dir", state_dir]
    return pinned(SERVER_CPU, command + (["--simulate", simulate] if simulate else []))


@contextlib.contextmanager
def psmoved(options, simulate):
    """psmoved with these simulated controllers, settled."""
    with tempfile.TemporaryDirectory(prefix="psmoved-bench-") as state_dir:
        process = subprocess.Popen(psmoved_command(options, state_dir, simulate),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        try:
            wait_for_port(process, PSMOVED_PORT)
            time.sleep(0.5)
            yield Server(process, PSMOVED_PORT)
        finally:
            stop(process)


def psmoved_start_ms(options, simulate):
    """Milliseconds from the start of the process to its READY=1, and from SIGTERM to its end."""
    with tempfile.TemporaryDirectory(prefix="psmoved-bench-") as state_dir:
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(os.path.join(state_dir, "notify"))
        notify.settimeout(10)
        environment = os.environ | {"NOTIFY_SOCKET": notify.getsockname()}
        begin = time.monotonic()
        process = subprocess.Popen(psmoved_command(options, state_dir, simulate), env=environment,
                                   stderr=subprocess.DEVNULL)
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
            ready = time.monotonic()
            time.sleep(0.3)
            told = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(5)
            return 1000 * (ready - begin), 1000 * (time.monotonic() - told)
        except (TimeoutError, subprocess.TimeoutExpired) as problem:
            raise Failed(f"psmoved does not start or stop: {problem}") from problem
        finally:
            stop(process)
            notify.close()


def load_command(options, tool, server, *arguments):
    return pinned(LOAD_CPU, [program(options, tool), "--port", server.port, "--server-pid",
                             server.pid, "--server-cpu", SERVER_CPU, *arguments])


def load(options, tool, server, *arguments):
    """Runs a load generator to its end. @return what it printed"""
    done = subprocess.run(load_command(options, tool, server, *arguments),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Failed(f"{tool} was not served well: {done.stderr.decode()[-300:]} "
                     f"{done.stdout.decode()[:300]}")
    return json.loads(done.stdout)
