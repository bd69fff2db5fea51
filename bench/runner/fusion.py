"""Orientation: time for each sample, and errors on published trials where they are at hand."""
import subprocess

from . import processes
from .figures import Measured


def measure(options):
    measured = Measured()
    if not (options.bin / "fusion-bench").exists():
        measured.notes.append("fusion-bench was not built")
        return measured
    done = subprocess.run(processes.pinned(processes.SERVER_CPU, [options.bin / "fusion-bench"]),
                          stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout)
    measured.runs["output"] = done.stdout.splitlines()
    return measured
