"""More connections than there may be, and fewer descriptors than there are connections."""

import contextlib
import http.client
import json
import os
import resource
import socket
import tempfile
import time
import unittest

from harness import PATIENCE, Daemon, main, until


def ask(daemon, path):
    """On a connection of its own: status, headers and body, or None where there was no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.relayed_port(), timeout=PATIENCE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    except (ConnectionError, http.client.RemoteDisconnected):
        return None
    finally:
        connection.close()


def answers(daemon, path, status):
    answer = ask(daemon, path)
    return answer and answer[0] == status and answer


def processor_seconds(daemon):
    with open(f"/proc/{daemon.process.pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Limits(unittest.TestCase):
    def test_as_many_connections_as_configured_and_not_one_more(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config, contextlib.ExitStack() as crowd:
            config.write("max_connections = 20\n")
            config.flush()
            daemon = crowd.enter_context(Daemon("--config", config.name))
            self.assertEqual(daemon.get("/api/v1").json["limits"]["connections"], 20)
            until(lambda: answers(daemon, "/api/v1", 200), "the one before is gone")
            held = []
            for _ in range(20):
                one = http.client.HTTPConnection("127.0.0.1", daemon.relayed_port(), timeout=PATIENCE)
                crowd.callback(one.close)
                one.request("GET", "/api/v1")
                response = one.getresponse()
                self.assertEqual((response.status, len(response.read()) > 0), (200, True))
                held.append(one)
            status, headers, body = ask(daemon, "/api/v1")
            self.assertEqual((status, json.loads(body)["code"]), (503, "overloaded"))
            self.assertEqual((headers["Connection"], headers["Retry-After"]), ("close", "5"))
            self.assertTrue(answers(daemon, "/livez", 200), "the watchman gets his answer")
            held[0].close()
            until(lambda: answers(daemon, "/api/v1", 200), "the place is free again")

    def test_few_descriptors_leave_one_to_answer_with(self):
        def tighten():
            resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96))

        with contextlib.ExitStack() as crowd:
            daemon = crowd.enter_context(Daemon("--simulate", "zcm1", preexec=tighten))
            daemon.wait_for(1)
            self.assertLess(daemon.get("/api/v1").json["limits"]["connections"], 96, "fewer are promised than there are descriptors")
            for _ in range(200):
                crowd.enter_context(socket.create_connection(("127.0.0.1", daemon.port), PATIENCE))
            until(lambda: answers(daemon, "/livez", 200), "/livez answers")
            until(lambda: answers(daemon, "/api/v1", 503), "others are told")
            before, began = processor_seconds(daemon), time.monotonic()
            time.sleep(2)
            share = (processor_seconds(daemon) - before) / (time.monotonic() - began)
            self.assertLess(share, 0.7, "accepting what cannot be accepted is not tried over and over")


if __name__ == "__main__":
    main()
