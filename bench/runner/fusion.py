"""Orientation against recorded motions with known truth, where they are at hand, and the time that
each sample takes."""
import json
import pathlib
import subprocess
import tempfile

from . import processes
from .figures import Figure, Measured

# key in fusion-bench's JSON, what it is, unit, reach, dream
TARGETS = [
    ("total_9d_deg", "error with a magnetometer, all 18 trials", "deg", 2.10, 1.90),
    ("heading_9d_deg", "  its heading alone", "deg", 1.95, 1.75),
    ("inclination_6d_deg", "tilt error without a magnetometer", "deg", 0.64, 0.58),
    ("drift_6d_deg_min", "heading drift without a magnetometer", "deg/min", 1.5, 1.0),
    ("ps_move_total_9d_deg", "error on data as a PS Move gives it", "deg", 2.4, 2.1),
    ("ps_move_inclination_6d_deg", "  its tilt without a magnetometer", "deg", 0.76, 0.70),
    ("cold_total_9d_deg", "error with no rest at the start", "deg", 3.2, 2.6),
    ("ns_per_sample", "time for each sample", "ns", 1000, 400),
]


def measure(options):
    measured = Measured()
    with tempfile.TemporaryDirectory(prefix="psmoved-bench-") as directory:
        found = pathlib.Path(directory) / "fusion.json"
        done = subprocess.run(
            processes.pinned(processes.SERVER_CPU,
                             [processes.program(options, "fusion-bench"), "--json", found,
                              *([options.trials] if options.trials else [])]),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            measured.notes.append("not measured: " + done.stderr.strip())
            return measured
        measured.runs = json.loads(found.read_text())
    print(done.stdout)
    mean = measured.runs["groups"]["all"]
    measured.figures = [Figure(name, mean[key], unit, reach, dream)
                        for key, name, unit, reach, dream in TARGETS]
    measured.notes.append("the best published filter, VQF, has 2.83 deg in the first line and takes "
                          "330 ns")
    return measured
