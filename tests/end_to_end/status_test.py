"""psmovectl status against the real daemon, on a terminal and without one."""

import json
import os
import pty
import re
import select
import subprocess
import unittest

from harness import BIN, Daemon, free_port, main, relay_to, until

PSMOVECTL = os.path.join(BIN, "psmovectl")


def status(port, *options):
    return subprocess.run([PSMOVECTL, "--url", f"http://127.0.0.1:{port}", "status", *options], capture_output=True, text=True, timeout=20,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})


class Screen:
    """psmovectl on a terminal of its own: what it drew last, as lines."""

    def __init__(self, *arguments):
        child, self.terminal = pty.fork()
        if child == 0:
            os.environ.update(TERM="xterm", LC_ALL="C.UTF-8", NO_COLOR="1")
            os.execv(PSMOVECTL, [PSMOVECTL, *arguments])
        self.child, self.drawn = child, ""

    def text(self):
        while select.select([self.terminal], [], [], 0.05)[0]:
            try:
                self.drawn += os.read(self.terminal, 65536).decode()
            except OSError:
                break
        return re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", self.drawn.rpartition("\x1b[H")[2])

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def end(self):
        code = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        self.text()
        os.close(self.terminal)
        return code


class StatusTest(unittest.TestCase):
    def test_one_screen_has_it_all(self):
        with Daemon("--simulate", "zcm1:name=left,zcm2") as daemon:
            daemon.wait_for(2)
            # A rate is counted over a second, and the first of them has the start in it.
            steady = r"\n +1  left +zcm1 +connected +bluetooth +8\d\.\d/s +0\.0 % lost  100%\n"
            told = until(lambda: re.search(steady, (now := status(daemon.relayed_port())).stdout) and now, "the rate is a ZCM1's")
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertRegex(told.stdout, rf"^psmoved \d+\.\d+\.\d+ at http://127\.0\.0\.1:{daemon.relayed_port()}\n  ready, up \d+ s")
            self.assertIn("psmoved was started without hardware", told.stdout)
            self.assertRegex(told.stdout, r"\n  1 connection of \d+: 0 WebSockets, 0 readers of events; 0 subscriptions\n")
            told = json.loads(status(daemon.relayed_port(), "--json").stdout)
            self.assertEqual((told["readiness"], told["adapters"], len(told["controllers"])), ({"status": "ready"}, None, 2))
            self.assertEqual(told["daemon"]["clients"]["connections"], 1)

    def test_nobody_there_is_three(self):
        told = status(free_port())
        self.assertEqual((told.returncode, told.stdout), (3, ""))
        self.assertIn("psmoved is not running at", told.stderr)
        self.assertEqual(status(free_port(), "--watch").returncode, 3)

    def test_watching_it_shows_what_changes_and_lives_through_a_restart(self):
        port = free_port()
        with Daemon("--simulate", "zcm1:name=left", port=port) as daemon:
            daemon.wait_for(1)
            relayed = relay_to(("127.0.0.1", port)).port  # for both daemons
            screen = Screen("--url", f"http://127.0.0.1:{relayed}", "status", "--watch")
            until(lambda: re.search(r"left .* connected", screen.text()), "the controller is shown")
            self.assertIn("\x1b[?1049h", screen.drawn)
            daemon.patch("/api/v1/controllers/1/simulation", {"link": "down"})
            until(lambda: re.search(r"left .* away", screen.text()), "that it left is shown")
        until(lambda: "trying again" in screen.text(), "that it is away is shown")
        with Daemon("--simulate", "zcm2:name=right", port=port):
            until(lambda: re.search(r"right .* connected", screen.text()), "the new one is shown")
            screen.type("q")
            self.assertEqual(screen.end(), 0)
            self.assertTrue(screen.drawn.endswith("\x1b[?25h\x1b[?1049l"), "the terminal is as it was")

    def test_watching_without_a_terminal_prints_one_after_another(self):
        with Daemon("--simulate", "zcm1") as daemon:
            daemon.wait_for(1)
            watching = subprocess.Popen([PSMOVECTL, "--url", daemon.url(""), "--json", "status", "--watch"],
                                        stdout=subprocess.PIPE, text=True)
            looks = [json.loads(watching.stdout.readline()) for _ in range(3)]
            watching.terminate()
            watching.stdout.close()
            self.assertEqual(watching.wait(10), 0)
            uptimes = [look["daemon"]["uptime_s"] for look in looks]
            self.assertGreater(uptimes[2] - uptimes[0], 1.5)


if __name__ == "__main__":
    main()
