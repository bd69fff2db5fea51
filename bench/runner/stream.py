"""The stream: what a sample costs on its way to many clients, and how soon it is there.

The floor sends the two samples of a report as two ready-made frames of about 400 bytes in one
send; psmoved sends one frame with both. CPU is compared for each sample that arrives at a client,
whatever frame it came in; psmoved's includes making the reports that it simulates, decoding and
fusion, while a process of its own feeds the floor. Both stamp a report when they read it.
"""
import time

from . import processes
from .figures import Figure, Measured, median

SAMPLES = 2  # in a report of a ZCM1
RATE = 87.5
TARGET = "/api/v1/stream?controllers=*&topics=motion"
MOTION = "7xzcm1:motion=wave"
# What is mostly sleep says more about what the host does to caches meanwhile than about a server, in
# a few rounds; and one client hears no more than some hundred reports in each.
FEW_CLIENTS_TIMES = 3
SUSTAINED = 99.0  # percent in time
SUSTAINED_REALTIME = 93.0  # SCHED_FIFO is paused for 50 ms of each second on a full CPU


def simulated(controllers, rate=None):
    return f"{controllers}xzcm1:motion=wave" + (f":rate={rate:g}" if rate else "")


def run_floor(options, controllers, clients, *, rate=RATE, send="report", seconds=None, more=()):
    seconds = seconds or options.seconds
    with processes.floor(options, "--send", send, "--samples", SAMPLES, controllers=controllers,
                         rate=rate, seconds=seconds + 15) as server:
        run = processes.load(options, "bench-wsload", server, "-n", clients, "-d", seconds, *more)
    return with_samples(run, samples_in_frame=1)


def run_psmoved(options, controllers, clients, *, rate=None, seconds=None, more=()):
    with processes.psmoved(options, simulated(controllers, rate)) as server:
        run = processes.load(options, "bench-wsload", server, "-n", clients, "-d",
                             seconds or options.seconds, "--target", TARGET,
                             "--sequence-step", SAMPLES, *more)
    return with_samples(run, samples_in_frame=SAMPLES)


def with_samples(run, samples_in_frame):
    samples = run["frames"] * samples_in_frame
    run["samples_per_s"] = samples / run["seconds"]
    run["cpu_us_per_sample"] = 1e6 * run["server"]["cpu_s"] / max(samples, 1)
    return run


def rounds(options, controllers, clients, times=1):
    """Floor and psmoved in turn, each first in every other round."""
    pairs = []
    for i in range(times * options.rounds):
        order = [("floor", run_floor), ("psmoved", run_psmoved)]
        if i % 2:
            order.reverse()
        pair = {name: run(options, controllers, clients) for name, run in order}
        pairs.append(pair)
        show(f"{controllers} x {clients}, round {i + 1}", pair)
    return pairs


def show(what, pair):
    parts = [f"{name} {run['cpu_us_per_sample']:.2f} us/sample p50 {run['latency_us']['p50']:.0f} "
             f"p99 {run['latency_us']['p99']:.0f} us (others {run['server']['foreign_pct']:.0f} %)"
             for name, run in pair.items()]
    print(f"{what}: " + "; ".join(parts), flush=True)


def ratio(pairs, value):
    return median(value(pair["psmoved"]) / value(pair["floor"]) for pair in pairs)


def cost(pairs):
    return ratio(pairs, lambda run: run["cpu_us_per_sample"])


def middle_latency(pairs):
    return ratio(pairs, lambda run: run["latency_us"]["p50"])


def worst_latency(pairs):
    """p99 of the best round each: noise of the machine only ever adds."""
    best = {name: min(pair[name]["latency_us"]["p99"] for pair in pairs)
            for name in ("psmoved", "floor")}
    return best["psmoved"] / best["floor"]


def in_time(run, controllers, rate, clients):
    """Percent of the samples which the controllers sent that were delivered in time."""
    due = controllers * rate * SAMPLES * clients * run["seconds"]
    return 100 * run["samples_per_s"] * run["seconds"] * (1 - run["late_pct"] / 100) / due


def most_samples(options, run_server, **arguments):
    """The highest rate that one core sustains for 7 controllers and 200 clients, by bisection over
    the reports that each controller sends. @return samples delivered a second"""
    controllers, clients = 7, 200
    enough = SUSTAINED_REALTIME if processes.scheduling else SUSTAINED
    best, runs = 0.0, []

    def sustains(rate):
        nonlocal best
        run = run_server(options, controllers, clients, rate=rate, seconds=min(3, options.seconds),
                         more=("--nap-us", 1000), **arguments)
        runs.append({"rate": rate} | run)
        if in_time(run, controllers, rate, clients) < enough:
            return False
        best = max(best, run["samples_per_s"])
        return True

    low, high = RATE, None
    while high is None and low <= 1600:
        if sustains(low):
            low *= 1.5
        else:
            high = low
            low /= 1.5
    for _ in range(3):
        if high is None:
            break
        middle = (low * high) ** 0.5
        if sustains(middle):
            low = middle
        else:
            high = middle
    return best, runs


def throughput(options, measured):
    tries = 1 if options.rounds < 3 else 2
    best = {"floor": 0.0, "psmoved": 0.0}
    measured.runs["throughput"] = []
    for _ in range(tries):
        for name, run_server, arguments in (("floor", run_floor, {"send": "wakeup"}),
                                            ("psmoved", run_psmoved, {})):
            found, runs = most_samples(options, run_server, **arguments)
            best[name] = max(best[name], found)
            measured.runs["throughput"].append({name: runs})
            print(f"throughput: {name} {found / 1000:.0f} k samples/s", flush=True)
    measured.figures += [
        Figure("most samples/s on one core / floor per wake-up", best["psmoved"] / best["floor"],
               "x", 0.6, 0.9, more_is_better=True,
               note=f"{best['psmoved'] / 1000:.0f} k against {best['floor'] / 1000:.0f} k")]


def stalled_clients(options, measured):
    """Five of thirty clients never read: what do the others notice?"""
    clean, stalled = [], []
    for _ in range(max(2, options.rounds // 2)):
        clean.append(run_psmoved(options, 7, 25))
        stalled.append(run_psmoved(options, 7, 30, more=("--stalled", 5)))
    p99 = [min(run["latency_us"]["p99"] for run in runs) for runs in (stalled, clean)]
    growth = max(run["server"]["rss_kb_end"] - run["server"]["rss_kb_start"] for run in stalled)
    measured.runs["stalled"] = {"clean": clean, "stalled": stalled}
    measured.figures += [
        Figure("5 of 30 clients stalled: the others' p99 / without", p99[0] / p99[1], "x", 1.5, 1.2),
        Figure("5 of 30 clients stalled: memory growth", growth / 1024, "MiB", 5, 2)]


def memory(options, measured, ten_clients):
    idle_clients = 900
    with processes.psmoved(options, None) as server:
        processes.load(options, "bench-wsload", server, "-n", 50, "-d", 0.2, "--target",
                       "/api/v1/stream")  # what the first connections cost once
        time.sleep(0.5)
        run = processes.load(options, "bench-wsload", server, "-n", idle_clients, "-d", 0.5,
                             "--target", "/api/v1/stream")
    growth = run["server"]["rss_kb_start"] - run["server"]["rss_kb_before"]
    resident = max((pair["psmoved"]["server"]["rss_kb_end"] for pair in ten_clients), default=0)
    measured.runs["idle_clients"] = run
    measured.figures += [
        Figure("memory for each idle WebSocket", growth / idle_clients, "KiB", 8000 / 1024,
               3000 / 1024),
        Figure("memory with 7 controllers, 10 clients", resident / 1024, "MiB", 20)]


def busy_percent(server, seconds):
    before = server.cpu_s()
    time.sleep(seconds)
    return 100 * (server.cpu_s() - before) / seconds


def idleness(options, measured):
    seconds = max(3.0, options.seconds)
    with processes.psmoved(options, MOTION) as server:
        busy = busy_percent(server, seconds)
    with processes.floor(options, seconds=seconds + 5) as server:
        floor_busy = busy_percent(server, seconds)
    with processes.psmoved(options, None) as server:
        time.sleep(6)  # the deadline of the connection that asked whether it listens passes first
        before = server.wakeups()
        time.sleep(seconds)
        wakeups = (server.wakeups() - before) / seconds
    starts, stops = zip(*(processes.psmoved_start_ms(options, MOTION)
                          for _ in range(options.rounds)))
    measured.runs["starts_ms"], measured.runs["stops_ms"] = starts, stops
    measured.figures += [
        Figure("7 controllers, no client: share of a core", busy, "%", 3, 1.5,
               note=f"the floor, which only reads: {floor_busy:.2f} %"),
        Figure("no controller: wake-ups", wakeups, "/s", 0, note="no watchdog here"),
        Figure("start to ready, 7 controllers", min(starts), "ms", 100, note="the best of them"),
        Figure("SIGTERM to the end", max(stops), "ms", 2000, note="the worst of them")]


def measure(options):
    measured = Measured(notes=[
        "x: psmoved / floor of the same round, median of the rounds; p99: best round of each",
        "a sample that reached a client is the unit: the floor sends each in a frame of its own, two "
        "frames in a send; psmoved both in one frame",
        "psmoved's CPU includes simulating the controllers, decoding and fusion; the floor is fed by "
        "another process"])
    ten = rounds(options, 7, 10, times=FEW_CLIENTS_TIMES)
    crowd = rounds(options, 7, 200)
    single = rounds(options, 1, 1, times=FEW_CLIENTS_TIMES)
    measured.runs |= {"7x10": ten, "7x200": crowd, "1x1": single}
    spoilt = median(pair["psmoved"]["late_pct"] + pair["psmoved"]["lost_pct"] for pair in crowd)
    measured.figures += [
        Figure("CPU per sample, 7 controllers x 10 clients", cost(ten), "x", 1.3, 1.1),
        Figure("CPU per sample, 7 x 200", cost(crowd), "x", 1.2, 0.95),
        Figure("p50, 7 x 10", middle_latency(ten), "x", 1.2, 1.05),
        Figure("p99, 7 x 10", worst_latency(ten), "x", 1.5, 1.2),
        Figure("p50, 1 x 1", middle_latency(single), "x", 1.2, 1.05),
        Figure("p99, 1 x 1", worst_latency(single), "x", 1.5, 1.2),
        Figure("late (> 11.4 ms) + lost, 7 x 200", spoilt, "%", 1, 0.1)]
    throughput(options, measured)
    stalled_clients(options, measured)
    memory(options, measured, ten)
    idleness(options, measured)
    return measured
