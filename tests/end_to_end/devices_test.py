"""What a controller can be asked for besides readings, light and rumble; and the events that are rarer than motion."""

import unittest

from harness import Daemon, main, open_stream, until

ADDRESS = "00:06:f7:16:2a:99"
FIT = {"hard_iron_ut": {"x": 23.9, "y": -14, "z": 8.9}, "soft_iron": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "field_ut": 48}


class Devices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon("--simulate", "zcm1:extension=racing_wheel,zcm2,navigation")
        cls.daemon.wait_for(3)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None, None, None)

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.json["code"]), (status, code), answer)

    def test_the_frequency_of_the_light_is_set_where_there_is_one(self):
        path = "/api/v1/controllers/{}/led/pwm"
        self.assertEqual(self.daemon.get(path.format(1)).json, {"frequency_hz": 188000, "set": False})
        self.assertEqual(self.daemon.put(path.format(1), {"frequency_hz": 20000}).json, {"frequency_hz": 20000, "set": True})
        self.assertEqual(self.daemon.form("PUT", path.format(1), "frequency_hz=40000").json, {"frequency_hz": 40000, "set": True})
        self.assertEqual(self.daemon.get(path.format(1)).json, {"frequency_hz": 40000, "set": True})
        for which in (2, 3):
            self.refused(self.daemon.get(path.format(which)), 409, "not_capable")
            self.refused(self.daemon.put(path.format(which), {"frequency_hz": 20000}), 409, "not_capable")

    def test_the_wheel_rumbles_and_is_stopped(self):
        path = "/api/v1/controllers/{}/extension/rumble"

        def felt():
            return self.daemon.get("/api/v1/controllers/1/simulation").json["shows"]["extension_rumble"]

        self.assertEqual(self.daemon.get(path.format(1)).json, {"left": 0, "right": 0, "state": "off", "until_us": None})
        answer = self.daemon.put(path.format(1), {"right": 120, "for_ms": 10000})
        self.assertEqual((answer.status, answer.json["left"], answer.json["right"]), (200, 0, 120))
        until(lambda: felt() == {"left": 0, "right": 120}, "the wheel was told")
        self.assertEqual(self.daemon.get(path.format(1)).json["state"], "applied")
        self.assertEqual(self.daemon.request("DELETE", path.format(1)).status, 200)
        until(lambda: felt() == {"left": 0, "right": 0}, "it stands still")
        for which, code in ((2, "not_capable"), (3, "not_capable")):
            self.refused(self.daemon.put(path.format(which), {"left": 1}), 409, code)

    def test_it_says_what_it_knows_of_itself(self):
        told = self.daemon.get("/api/v1/controllers/1/diagnostics").json
        self.assertEqual(told["firmware"]["version"], "2.20")
        # Asked again within a second it is not asked.
        self.assertEqual(self.daemon.get("/api/v1/controllers/1/diagnostics").json["read_us"], told["read_us"])
        self.refused(self.daemon.get("/api/v1/controllers/3/diagnostics"), 409, "not_capable")

    def test_one_is_known_and_calibrated_before_it_was_ever_seen(self):
        path = f"/api/v1/controllers/{ADDRESS}"
        made = self.daemon.put(path, {"model": "zcm1"})
        self.assertEqual((made.status, made.json["id"], made.json["connected"]), (201, ADDRESS, False))
        self.assertEqual(self.daemon.put(path, {"model": "zcm1"}).status, 200)
        calibrated = self.daemon.patch(f"{path}/calibration", {"magnetometer_fit": FIT})
        self.assertEqual((calibrated.status, calibrated.json["magnetometer_fit"]["field_ut"]), (200, 48))
        self.assertEqual(self.daemon.get(f"{path}/calibration").json, calibrated.json)
        self.assertEqual(self.daemon.request("DELETE", path).status, 204)
        self.refused(self.daemon.get(path), 404, "unknown_controller")

    def test_one_is_switched_off_and_comes_back(self):
        self.assertEqual(self.daemon.request("POST", "/api/v1/controllers/2/disconnect").status, 200)
        until(lambda: not self.daemon.get("/api/v1/controllers/2").json["connected"], "it is away")
        self.refused(self.daemon.request("POST", "/api/v1/controllers/2/disconnect"), 409, "controller_offline")
        self.daemon.patch("/api/v1/controllers/2/simulation", {"link": "up"})
        until(lambda: self.daemon.get("/api/v1/controllers/2").json["connected"], "it is back")

    def test_what_is_not_on_the_cable_is_not_paired(self):
        self.assertEqual(self.daemon.get("/api/v1/pairing").json, [])
        self.refused(self.daemon.get("/api/v1/controllers/1/pairing"), 409, "not_paired")
        self.refused(self.daemon.request("POST", "/api/v1/pairing", {"controller": "1"}), 409, "not_on_cable")


class Events(unittest.IsolatedAsyncioTestCase):
    async def test_trigger_and_battery_are_told_when_they_change(self):
        with Daemon("--simulate", "zcm1") as daemon:
            daemon.wait_for(1)
            async with open_stream(daemon) as stream:
                await stream.subscribe(id="x", controllers=["1"], topics=["trigger", "battery"], snapshot=False)
                daemon.patch("/api/v1/controllers/1/simulation", {"trigger": 1})
                self.assertEqual((await stream.of_type("trigger"))["trigger"], 1)
                daemon.patch("/api/v1/controllers/1/simulation", {"battery_percent": 20})
                self.assertEqual((await stream.of_type("battery"))["battery"], {"percent": 20, "state": "discharging"})
                daemon.patch("/api/v1/controllers/1/simulation", {"trigger": 0})
                self.assertEqual((await stream.of_type("trigger"))["trigger"], 0)


if __name__ == "__main__":
    main()
