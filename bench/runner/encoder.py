"""The work on one sample before any client is served (Google Benchmark)."""
import json
import subprocess

from . import processes
from .figures import Figure, Measured


def measure(options):
    done = subprocess.run(
        processes.pinned(processes.SERVER_CPU, [
            processes.program(options, "bench-encoder"), "--benchmark_format=json",
            f"--benchmark_repetitions={options.rounds}",
            f"--benchmark_min_time={0.05 if options.quick else 0.3}"]),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise processes.Failed("bench-encoder failed")
    found = [run for run in json.loads(done.stdout)["benchmarks"]
             if run["run_type"] == "iteration"]

    def best(name):
        """The quickest repetition: noise of the machine only ever adds."""
        runs = [run for run in found if run["run_name"] == name]
        return min(run["cpu_time"] for run in runs), runs[0]

    measured = Measured(runs={"benchmarks": found}, notes=["the quickest of the repetitions"])
    for fields, name in (("all members", "append_sample/all_fields"),
                         ("orientation only", "append_sample/orientation")):
        time_ns, run = best(name)
        measured.figures.append(Figure(f"JSON of one sample, {fields}", time_ns, "ns", 1000, 300,
                                       note=f"{run['bytes']:.0f} bytes"))
    for model, samples in (("zcm1", 2), ("zcm2", 1)):
        time_ns, _ = best(f"report_path/{model}")
        measured.figures.append(Figure(f"{model} report: decode, calibrate, fuse", time_ns, "ns",
                                       note=f"{time_ns / samples:.0f} ns a sample"))
        time_ns, _ = best(f"emulated_report/{model}")
        measured.figures.append(Figure(f"{model} report: making it (simulation)", time_ns, "ns"))
    return measured
