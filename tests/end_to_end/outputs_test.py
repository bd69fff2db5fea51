"""Lights and rumble that happen later, and motors that may not run for ever."""

import asyncio
import os
import subprocess
import tempfile
import time
import unittest

from harness import BIN, PATIENCE, Daemon, main, open_stream, until

LED, RUMBLE = "/api/v1/controllers/{}/led", "/api/v1/controllers/{}/rumble"


def psmovectl(daemon, *arguments):
    return subprocess.run([os.path.join(BIN, "psmovectl"), "--url", daemon.url(""), *arguments], capture_output=True, text=True,
                          timeout=PATIENCE, env={**os.environ, "TZ": "UTC"})


class Instants(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.daemon = Daemon("--simulate", "zcm1:name=left,zcm2:name=right,navigation")
        self.addCleanup(self.daemon.__exit__, None, None, None)
        self.daemon.wait_for(3)

    def now_us(self):
        return self.daemon.get("/api/v1").json["clock"]["time_us"]

    def done(self, path):
        return until(lambda: (got := self.daemon.get(path).json)["state"] == "done" and got, "the cue is done")

    def test_a_put_waits_for_its_instant(self):
        at_us = self.now_us() + 400_000
        answer = self.daemon.put(LED.format("left"), {"color": "#0a0b0c", "at_us": at_us})
        self.assertEqual((answer.status, answer.json["state"], answer.json["at_us"]), (202, "waiting", at_us))
        self.assertEqual(self.daemon.get(LED.format("left")).json["state"], "off")
        cue = self.done(answer.headers["Location"])
        result = cue["results"][0]
        self.assertEqual((result["led"]["state"], result["rumble"]), ("applied", None))
        self.assertGreaterEqual(result["led"]["applied_us"], at_us)
        self.assertLess(cue["late_us"], 100_000)
        self.assertEqual(self.daemon.shows("left")["blue"], 12)
        shown = self.daemon.get(LED.format("left")).json
        self.assertEqual((shown["color"], shown["layers"][0]["owner"]), ("#0a0b0c", "rest"))

    def test_all_and_a_form_and_a_time_to_run(self):
        answer = self.daemon.form("PUT", RUMBLE.format("all"), "value=90&for_ms=60000&in_ms=300")
        self.assertEqual((answer.status, len(answer.json["results"])), (202, 2), answer)
        before = time.time_ns() // 1000
        cue = self.done(answer.headers["Location"])
        self.assertEqual({result["rumble"]["state"] for result in cue["results"]}, {"applied"})
        for which in ("left", "right"):
            self.assertEqual(self.daemon.shows(which)["rumble"], 90)
            # The minute begins when the rumble does, not when it was asked for.
            until_us = self.daemon.get(RUMBLE.format(which)).json["layers"][0]["until_us"]
            self.assertGreater(until_us, before + 60_000_000)

    def test_an_instant_that_has_just_passed_is_now(self):
        answer = self.daemon.put(LED.format(1), {"color": "red", "at_us": self.now_us() - 1_000_000})
        self.assertEqual((answer.status, answer.json["state"]), (200, "done"), answer)
        self.assertEqual(self.daemon.shows(1)["red"], 255)

    def test_what_waits_can_be_taken_back(self):
        answer = self.daemon.put(LED.format(1), {"color": "red", "in_ms": 300})
        self.assertEqual(self.daemon.request("DELETE", answer.headers["Location"]).status, 204)
        time.sleep(0.6)
        self.assertEqual(self.daemon.get(LED.format(1)).json["state"], "off")

    def test_instants_that_make_no_sense_change_nothing(self):
        day_us = 24 * 3600 * 1_000_000
        for body, code, pointer in (({"at_us": 5, "in_ms": 5}, "conflicting_members", "/in_ms"), ({"at_us": self.now_us() + 2 * day_us}, "out_of_range", "/at_us"),
                                    ({"at_us": 12}, "out_of_range", "/at_us"), ({"at_us": "noon"}, "wrong_type", "/at_us"),
                                    ({"in_ms": -1}, "out_of_range", "/in_ms"), ({"in_ms": 1.5}, "wrong_type", "/in_ms")):
            answer = self.daemon.put(LED.format(1), {"color": "red", **body})
            self.assertEqual((answer.status, answer.json["code"], answer.json["errors"][0]["pointer"]), (422, code, pointer), body)
        self.assertEqual(self.daemon.put(LED.format(3), {"color": "red", "in_ms": 5}).json["code"], "not_capable")
        self.assertEqual(self.daemon.put(LED.format(9), {"color": "red", "in_ms": 5}).status, 404)
        self.assertEqual(self.daemon.get("/api/v1/cues").json, [])

    def test_no_more_wait_than_can_be_kept(self):
        limits = self.daemon.get("/api/v1").json["limits"]
        for _ in range(limits["cues_per_client"]):
            self.assertEqual(self.daemon.put(LED.format(1), {"color": "red", "in_ms": 60_000}).status, 202)
        answer = self.daemon.put(LED.format(1), {"color": "red", "in_ms": 60_000})
        self.assertEqual((answer.status, answer.json["code"], answer.headers["Retry-After"]), (429, "too_many_requests", "1"))
        self.assertIn("cues of yours", answer.json["detail"])
        self.assertGreater(limits["cues"], limits["cues_per_client"])

    async def test_one_who_plans_much_leaves_room_for_others_and_is_told_of_what_is_deleted(self):
        for _ in range(32):
            self.daemon.put(LED.format(1), {"color": "red", "in_ms": 60_000})
        async with open_stream(self.daemon) as stream:
            await stream.send({"type": "set", "id": "a", "controllers": ["1"], "led": {"color": "red"}, "in_ms": 60_000})
            cue = (await stream.of_type("reply"))["cue"]
            answer = self.daemon.put(f"/api/v1/cues/{cue}", {"outputs": [{"controllers": [1], "led": {"color": "blue"}}]})
            self.assertEqual((answer.status, answer.json["code"]), (422, "reserved_name"))
            self.assertEqual(self.daemon.request("DELETE", f"/api/v1/cues/{cue}").status, 204)
            told = await stream.of_type("cue")
            self.assertEqual((told["to"], told["cue"]["id"], told["cue"]["results"][0]["led"]["state"]), ("a", cue, "removed"))

    async def test_what_became_of_a_set_is_told(self):
        async with open_stream(self.daemon) as stream:
            asked_us = self.now_us()
            await stream.send({"type": "set", "id": "a", "controllers": ["left"], "led": {"color": "#102030", "fade_ms": 400}, "rumble": {"value": 80}})
            reply = await stream.of_type("reply")
            self.assertEqual((reply["status"], reply["results"][0]["led"]), ("queued", {"state": "queued", "applied_us": None}))
            told = await stream.of_type("outcome")
            self.assertEqual((told["to"], told["status"], told["results"][0]["rumble"]["state"]), ("a", "applied", "applied"))
            self.assertGreater(told["results"][0]["led"]["applied_us"], asked_us)
            self.daemon.put(LED.format("left"), {"color": "white", "priority": 7})
            await stream.send({"type": "set", "id": "b", "controllers": ["left"], "led": {"color": "red"}})
            result = (await stream.of_type("reply"))["results"][0]
            self.assertEqual(result["led"]["overridden_by"], {"owner": "rest", "priority": 7})

    async def test_a_set_at_an_instant_is_answered_and_then_told_what_became_of_it(self):
        async with open_stream(self.daemon) as stream:
            await stream.send({"type": "set", "id": "a", "controllers": ["*"], "led": {"color": "#112233"}, "in_ms": 300})
            reply = await stream.of_type("reply")
            self.assertEqual((reply["to"], reply["status"], len(reply["results"])), ("a", "queued", 2))
            outcome = await stream.of_type("cue")
            self.assertEqual((outcome["to"], outcome["cue"]["id"], outcome["cue"]["state"]), ("a", reply["cue"], "done"))
            written = [result["led"]["applied_us"] for result in outcome["cue"]["results"]]
            self.assertEqual(outcome["cue"]["skew_us"], max(written) - min(written))
            self.assertTrue(all(us >= reply["at_us"] for us in written))
            owner = self.daemon.get(LED.format(1)).json["layers"][0]["owner"]
            self.assertTrue(owner.startswith("websocket "))
            await stream.send({"type": "set", "id": "b", "controllers": ["1"], "led": None, "in_ms": 5})
            self.assertEqual((await stream.of_type("error"))["code"], "conflicting_members")
            await stream.send({"type": "set", "id": "c", "controllers": ["1"], "led": {"color": "red"}, "at_us": 5})
            self.assertEqual((await stream.of_type("error"))["pointer"], "/at_us")

    async def test_what_a_dead_client_had_planned_does_not_happen(self):
        async with open_stream(self.daemon) as stream:
            await stream.send({"type": "set", "controllers": ["1"], "rumble": {"value": 255}, "in_ms": 500})
            await stream.of_type("reply")
        until(lambda: self.daemon.get("/api/v1/cues").json == [], "its cue is gone")
        await asyncio.sleep(0.8)
        self.assertEqual(self.daemon.shows(1)["rumble"], 0)

    def test_psmovectl_plans_and_takes_back(self):
        done = psmovectl(self.daemon, "led", "left", "hotpink", "--in", "1min")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^auto-1: waiting for \d\d:\d\d:\d\d\.\d{3}\n  left: light waiting\n$")
        done = psmovectl(self.daemon, "cue", "set", "finale", "left=#102030", "right=blue,rumble:77", "--for", "5s")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^finale: done, \d+\.\d ms from the first write to the last\n  left: light applied\n  right: light applied, rumble applied\n$")
        self.assertEqual((self.daemon.shows("left")["red"], self.daemon.shows("right")["rumble"]), (16, 77))
        self.assertEqual(psmovectl(self.daemon, "cue", "cancel", "auto-1").returncode, 0)
        self.assertEqual(psmovectl(self.daemon, "cue", "list").stdout.splitlines()[0].split(":")[0], "finale")
        self.assertEqual(psmovectl(self.daemon, "cue", "show", "auto-1").returncode, 1)
        for wrong in (("set",), ("set", "x"), ("set", "x", "left"), ("set", "x", "left=reddish"), ("set", "x", "left=red,blue"), ("dance", "x"), ("show",),
                      ("set", "x", "left=red", "--in", "1s", "--at", "12:00"), ("set", "x", "left=red", "--at", "25:00")):
            self.assertEqual(psmovectl(self.daemon, "cue", *wrong).returncode, 2, wrong)
        self.assertEqual(psmovectl(self.daemon, "led", "left", "clear", "--in", "1s").returncode, 2)


class RumbleLimit(unittest.TestCase):
    def limited(self, daemon, which=1):
        return until(lambda: (got := daemon.get(RUMBLE.format(which)).json)["limited"] and got, "the limit holds")

    def test_a_held_motor_weakens_and_says_so(self):
        with Daemon("--simulate", "zcm1,zcm2") as daemon:
            daemon.wait_for(2)
            answer = daemon.patch("/api/v1/controllers/1", {"rumble_limit": {"duty": 0.2, "window_s": 2}})
            self.assertEqual((answer.status, answer.json["rumble_limit"]), (200, {"duty": 0.2, "window_s": 2}))
            for which in (1, 2):
                daemon.put(RUMBLE.format(which), {"value": 255, "for_ms": 20_000})
            self.assertEqual(daemon.shows(1)["rumble"], 255)
            held = self.limited(daemon)
            self.assertEqual((held["value"], held["layers"][0]["value"]), (51, 255))
            until(lambda: daemon.shows(1)["rumble"] == 51, "the controller was told")
            self.assertEqual(held["state"], "applied")
            other = daemon.get(RUMBLE.format(2)).json
            self.assertEqual((other["value"], other["limited"]), (255, False))
            # Lifted, it is strong again; back at everybody's, that holds.
            daemon.patch("/api/v1/controllers/1", {"rumble_limit": {"duty": 1}})
            until(lambda: daemon.shows(1)["rumble"] == 255, "it is strong again")
            self.assertEqual(daemon.patch("/api/v1/controllers/1", {"rumble_limit": None}).json["rumble_limit"], {"duty": 0.5, "window_s": 60})

    def test_the_configuration_is_for_all_and_one_keeps_its_own(self):
        with tempfile.TemporaryDirectory() as state:
            config = os.path.join(state, "psmoved.toml")
            with open(config, "w") as file:
                file.write("rumble_duty = 0.1\nrumble_window_s = 7\n")
            with Daemon("--config", config, "--simulate", "zcm1,zcm2", state=state) as daemon:
                daemon.wait_for(2)
                self.assertEqual(daemon.get("/api/v1/controllers/2").json["rumble_limit"], {"duty": 0.1, "window_s": 7})
                daemon.patch("/api/v1/controllers/2", {"rumble_limit": {"duty": 0.75}})
            with Daemon("--simulate", "zcm1,zcm2", "--rumble-duty", "1", state=state) as daemon:
                daemon.wait_for(2)
                self.assertEqual(daemon.get("/api/v1/controllers/2").json["rumble_limit"], {"duty": 0.75, "window_s": 7})
                self.assertEqual(daemon.get("/api/v1/controllers/1").json["rumble_limit"], {"duty": 1, "window_s": 60})

    def test_limits_that_make_no_sense_change_nothing(self):
        with Daemon("--simulate", "zcm1,navigation") as daemon:
            daemon.wait_for(2)
            for limit, pointer in (({"duty": 1.1}, "/rumble_limit/duty"), ({"window_s": 0}, "/rumble_limit/window_s"), ({"dutty": 1}, "/rumble_limit/dutty"),
                                   (0.5, "/rumble_limit"), ({"duty": None}, "/rumble_limit/duty")):
                answer = daemon.patch("/api/v1/controllers/1", {"name": "x", "rumble_limit": limit})
                self.assertEqual((answer.status, answer.json["errors"][0]["pointer"]), (422, pointer), limit)
            answer = daemon.patch("/api/v1/controllers/2", {"rumble_limit": {"duty": 0.5}})
            self.assertEqual((answer.status, answer.json["code"]), (409, "not_capable"))
            self.assertIsNone(daemon.get("/api/v1/controllers/2").json["rumble_limit"])
            self.assertIsNone(daemon.get("/api/v1/controllers/1").json["name"])

    def test_psmovectl_shows_and_sets_it(self):
        with Daemon("--simulate", "zcm1,zcm2,navigation") as daemon:
            daemon.wait_for(3)
            self.assertIn("50% of full strength, in the mean over 60 s", psmovectl(daemon, "limit", "all").stdout)
            self.assertEqual(psmovectl(daemon, "limit", "1", "30%", "--window", "2min").stdout,
                             "controller 1: 30% of full strength, in the mean over 120 s\n")
            self.assertEqual(psmovectl(daemon, "limit", "1", "off").stdout, "controller 1: none\n")
            self.assertIn("60 s", psmovectl(daemon, "limit", "1", "default").stdout)
            for wrong in (("1", "200%"), ("1", "much"), ("1", "default", "--window", "5s"), ("1", "--window", "1500ms")):
                self.assertEqual(psmovectl(daemon, "limit", *wrong).returncode, 2, wrong)


if __name__ == "__main__":
    main()
