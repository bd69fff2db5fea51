"""A client generated from the contract compiles, with a compiler that refuses what the contract refuses, and works. Exits
with 77, which is "skipped", where npm's packages are not there."""

import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(HERE, "node_modules")
sys.path.insert(0, os.path.join(HERE, "..", "end_to_end"))

from harness import Daemon, main, skip_all  # noqa: E402

if not shutil.which("node") or not os.path.exists(os.path.join(MODULES, ".package-lock.json")):
    skip_all("there is no node, or its packages are not installed (npm ci --prefix tests/contract, or ./dev test contract)")


class Client(unittest.TestCase):
    def run_here(self, *command):
        done = subprocess.run(command, cwd=self.work, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_generated_client_compiles_and_works(self):
        documents = os.environ["PSMOVED_CONTRACT"]
        self.work = os.path.join(documents, "client")
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(os.path.join(HERE, "client"), self.work)
        # Modules are looked for upwards from where the program lies.
        os.symlink(MODULES, os.path.join(self.work, "node_modules"))
        with open(os.path.join(self.work, "package.json"), "w") as file:
            file.write('{"type": "module"}\n')
        self.run_here("node", "generate.mjs", documents, self.work)
        self.run_here("node", os.path.join(MODULES, "typescript", "bin", "tsc"), "-p", ".")
        with Daemon("--simulate", "zcm1:motion=wave") as daemon:
            daemon.wait_for(1)
            self.assertIn("works", self.run_here("node", "client.js", daemon.url("")))


if __name__ == "__main__":
    main()
