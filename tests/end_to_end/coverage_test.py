"""What the end-to-end tests, all together, saw of the contract: every operation with a success, and every message both ways. Runs after them,
and reads what they left in PSMOVED_SEEN; without all of them, of this build, nothing can be said.

    coverage_test.py access events ...   their names"""

import json
import os
import sys
import unittest

from harness import BIN, contract, may_skip

# What a simulated controller has not: what it takes, and which test of the virtual machine has it.
HARDWARE_ONLY = {
    "GET /api/v1/adapters": "a Bluetooth adapter and bluetoothd: vm_pairing",
    "POST /api/v1/pairing": "a controller on the USB cable: vm_pairing, vm_uhid",
    "DELETE /api/v1/pairing": "bluetoothd: vm_pairing",
    "GET /api/v1/controllers/{id}/pairing": "a controller on the USB cable: vm_uhid",
    "DELETE /api/v1/controllers/{id}/pairing": "a controller on the USB cable, or bluetoothd: vm_pairing",
}


def why_not(names):
    """Why nothing can be said, and what was seen."""
    seen, build = {}, os.stat(os.path.join(BIN, "psmoved")).st_mtime_ns
    for name in names:
        path = os.path.join(os.environ["PSMOVED_SEEN"], f"{name}_test.json")
        if os.path.exists(path):
            with open(path) as file:
                seen[name] = json.load(file) or {}
    missing = [name for name in names if seen.get(name, {}).get("build") != build]
    return missing and f"not run with this build: end_to_end.{', '.join(missing)}", seen


class Coverage(unittest.TestCase):
    def complete(self, missing):
        """@param missing  what nobody saw"""
        skipped = [f"{name}: {reason}" for name, one in seen.items() for reason in one["skipped"]]
        if missing and skipped and all(map(may_skip, (one.split(": ", 1)[1] for one in skipped))):
            self.skipTest(f"not seen: {sorted(missing)}; but something was skipped: {'; '.join(skipped)}")
        self.assertEqual(missing, set())

    def operations(self):
        """Those that had a success."""
        return {one.rpartition(" ")[0] for each in seen.values() for one in each["operations"] if one.endswith((" 1xx", " 2xx"))}

    def test_every_operation_had_a_success(self):
        described = {f"{method.upper()} {template}" for template, methods in rest.paths.items() for method in methods}
        self.assertEqual(set(HARDWARE_ONLY) - described, set(), "no operations")
        self.complete(described - self.operations() - set(HARDWARE_ONLY))

    def test_no_exception_is_made_for_what_was_seen(self):
        self.assertEqual(set(HARDWARE_ONLY) & self.operations(), set())

    def test_every_message_of_the_daemon_came(self):
        self.complete(stream.from_daemon - {kind for each in seen.values() for kind in each["received"]})

    def test_every_request_was_made(self):
        self.complete(set(stream.requests) - {kind for each in seen.values() for kind in each["sent"]})


if __name__ == "__main__":
    reason, seen = why_not(sys.argv[1:])
    if reason:
        print(f"skipped: {reason}", file=sys.stderr)
        sys.exit(77)
    rest, stream = contract.load()
    result = unittest.main(verbosity=2, exit=False, argv=sys.argv[:1]).result
    sys.exit(1 if not result.wasSuccessful() else 77 if len(result.skipped) == result.testsRun else 0)
