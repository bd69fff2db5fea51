"""REST: GET sensors over kept-alive connections against a server that answers with the same bytes,
ready-made; and how long it takes while a stream runs."""
import socket
import subprocess
import tempfile

from . import processes
from .figures import Figure, Measured, median
from .stream import MOTION, TARGET, simulated

SENSORS = "/api/v1/controllers/1/sensors"


def answer_of(server):
    """The bytes of one answer, head included."""
    with socket.create_connection(("127.0.0.1", server.port), 2) as connection:
        connection.sendall(f"GET {SENSORS} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                           "Accept: application/json\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        head, body = answer.split(b"\r\n\r\n", 1)
        length = int([line for line in head.lower().split(b"\r\n")
                      if line.startswith(b"content-length:")][0].split(b":")[1])
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body


def ask(options, server):
    return processes.load(options, "bench-httpload", server, "--target", SENSORS, "-d",
                          options.seconds)


def ask_floor(options, answer_file):
    with processes.floor(options, "--http", answer_file, seconds=0.1) as server:
        return ask(options, server)


def ask_psmoved(options):
    with processes.psmoved(options, simulated(1)) as server:
        return ask(options, server)


def while_streaming(options):
    """GET 200 times a second while 50 clients take every sample of 7 controllers."""
    with processes.psmoved(options, MOTION) as server:
        stream = subprocess.Popen(
            processes.load_command(options, "bench-wsload", server, "-n", 50, "-d",
                                   options.seconds + 1, "--target", TARGET),
            stdout=subprocess.DEVNULL)
        try:
            return processes.load(options, "bench-httpload", server, "--target", SENSORS, "-n", 2,
                                  "--rate", 200, "--warmup", 1, "-d", options.seconds)
        finally:
            processes.stop(stream)


def measure(options):
    measured = Measured(notes=["16 connections, one request under way on each"])
    pairs = []
    with tempfile.NamedTemporaryFile(prefix="psmoved-bench-") as file:
        with processes.psmoved(options, simulated(1)) as server:
            file.write(answer_of(server))
            file.flush()
        for i in range(options.rounds):
            servers = [("floor", lambda: ask_floor(options, file.name)),
                       ("psmoved", lambda: ask_psmoved(options))]
            if i % 2:
                servers.reverse()
            pair = {name: run() for name, run in servers}
            pairs.append(pair)
            print(f"rest, round {i + 1}: " + "; ".join(
                f"{name} {run['server']['cpu_us_per_unit']:.1f} us/request, "
                f"{run['requests_per_s'] / 1000:.1f} k/s" for name, run in pair.items()), flush=True)
        size = file.tell()
    streaming = [while_streaming(options) for _ in range(max(2, options.rounds // 2))]
    measured.runs |= {"keep_alive": pairs, "while_streaming": streaming}
    measured.figures += [
        Figure("GET sensors, CPU per request", median(
            pair["psmoved"]["server"]["cpu_us_per_unit"] / pair["floor"]["server"]["cpu_us_per_unit"]
            for pair in pairs), "x", 2.5, 1.3, note=f"an answer of {size} bytes"),
        Figure("GET sensors while streaming 7 x 50, p99",
               min(run["latency_us"]["p99"] for run in streaming) / 1000, "ms", 5, 1)]
    return measured
