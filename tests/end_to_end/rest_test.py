"""What a script does over REST, and what happens when it gets it wrong."""

import json
import unittest

from harness import Daemon, curl, main, until


class Rest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon("--simulate", "zcm1:motion=wave:name=left,zcm2")
        cls.daemon.wait_for(2)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None, None, None)

    def problem(self, answer, status, code, pointer=None):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual(answer.json["code"], code, answer)
        for member in ("type", "title", "status", "detail"):
            self.assertIn(member, answer.json)
        if pointer:
            self.assertEqual(answer.json["errors"][0]["pointer"], pointer, answer)

    # ---- the four lines of the README

    def test_the_list_is_a_bare_array_with_every_documented_member(self):
        controllers = json.loads(curl(self.daemon.url("/api/v1/controllers")))
        self.assertEqual([c["number"] for c in controllers], [1, 2])
        for member in ("id number name model source connected links battery firmware capabilities calibration radio led "
                       "rumble sensors").split():
            self.assertIn(member, controllers[0])
        self.assertEqual(controllers[0]["name"], "left")
        self.assertEqual(controllers[0]["source"], "simulated")
        self.assertTrue(controllers[0]["calibration"]["factory"])

    def test_sensors_are_in_si_units(self):
        sample = json.loads(curl(self.daemon.url("/api/v1/controllers/2/sensors")))
        self.assertAlmostEqual(sample["accel_m_s2"]["z"], 9.8, delta=0.3)
        self.assertIsNone(sample["mag_ut"])
        self.assertAlmostEqual(sum(sample["orientation"][k] ** 2 for k in "wxyz"), 1, delta=1e-3)
        self.assertGreater(sample["time_us"], 1_700_000_000_000_000)

    def test_one_form_field_lights_it_red(self):
        answer = json.loads(curl("-X", "PUT", self.daemon.url("/api/v1/controllers/1/led"), "-d", "color=red"))
        self.assertEqual(answer["state"], "applied", answer)
        self.assertEqual((answer["red"], answer["green"], answer["blue"]), (255, 0, 0))
        shows = self.daemon.shows(1)
        self.assertEqual((shows["red"], shows["green"], shows["blue"]), (255, 0, 0))

    def test_number_name_and_address_are_the_same_controller(self):
        by_number = self.daemon.get("/api/v1/controllers/1").json["id"]
        for other in ("left", by_number, by_number.upper(), by_number.replace(":", "-")):
            self.assertEqual(self.daemon.get(f"/api/v1/controllers/{other}").json["id"], by_number)

    def test_wait_next_gives_a_newer_sample_each_time(self):
        path = "/api/v1/controllers/1/sensors?wait=next"
        sequences = [self.daemon.get(path).json["sequence"] for _ in range(5)]
        self.assertEqual(sequences, sorted(set(sequences)))

    def test_average_is_smoother_and_bounded(self):
        self.assertEqual(self.daemon.get("/api/v1/controllers/1/sensors?average_ms=500").status, 200)
        self.problem(self.daemon.get("/api/v1/controllers/1/sensors?average_ms=0"), 422, "out_of_range")
        self.problem(self.daemon.get("/api/v1/controllers/1/sensors?average_ms=x"), 422, "wrong_type")

    # ---- outputs

    def test_all_lights_every_connected_controller(self):
        answer = self.daemon.put("/api/v1/controllers/all/led", {"red": 1, "green": 2, "blue": 3})
        self.assertEqual(len(answer.json), 2)
        for number in (1, 2):
            until(lambda: self.daemon.shows(number)["blue"] == 3, "the light")
        self.daemon.request("DELETE", "/api/v1/controllers/all/led")
        until(lambda: self.daemon.shows(1)["blue"] == 0, "dark again")

    def test_a_rumble_of_half_a_second_ends_by_itself(self):
        answer = self.daemon.put("/api/v1/controllers/2/rumble", {"value": 200, "for_ms": 500})
        self.assertIn(answer.json["state"], ("applied", "queued"))
        until(lambda: self.daemon.shows(2)["rumble"] == 200, "the motor runs")
        until(lambda: self.daemon.shows(2)["rumble"] == 0, "the motor stops", 5)
        self.assertEqual(self.daemon.get("/api/v1/controllers/2/rumble").json["layers"], [])

    def test_a_rumble_without_an_end_gets_one(self):
        self.daemon.put("/api/v1/controllers/2/rumble", {"value": 100})
        layers = self.daemon.get("/api/v1/controllers/2/rumble").json["layers"]
        self.assertIsNotNone(layers[0]["until_us"])
        self.daemon.request("DELETE", "/api/v1/controllers/2/rumble")

    def test_a_fade_moves_and_says_where_to(self):
        self.daemon.put("/api/v1/controllers/2/led", {"color": "#000000"})
        self.daemon.put("/api/v1/controllers/2/led", {"color": "#0000ff", "fade_ms": 2000})
        middle = self.daemon.get("/api/v1/controllers/2/led").json
        self.assertIsNotNone(middle["target"])
        until(lambda: self.daemon.shows(2)["blue"] == 255, "the fade ends")
        self.assertIsNone(self.daemon.get("/api/v1/controllers/2/led").json.get("target"))

    def test_a_cue_sets_both_at_its_instant_and_says_how_well(self):
        now = self.daemon.get("/api/v1").json["clock"]["time_us"]
        wish = {"at_us": now + 300_000, "outputs": [{"controllers": ["*"], "led": {"color": "#010203"}}]}
        answer = self.daemon.request("PUT", "/api/v1/cues/scene", json.dumps(wish), content_type="application/json")
        self.assertEqual((answer.status, answer.json["state"], answer.headers["Location"]), (202, "waiting", "/api/v1/cues/scene"))
        self.assertNotEqual(self.daemon.get("/api/v1/controllers/1/led").json["color"], "#010203")
        cue = until(lambda: (got := self.daemon.get("/api/v1/cues/scene").json)["state"] == "done" and got, "the cue is done")
        self.assertEqual({result["led"]["state"] for result in cue["results"]}, {"applied"})
        self.assertGreaterEqual(cue["fired_us"], wish["at_us"])
        written = [result["led"]["applied_us"] for result in cue["results"]]
        self.assertEqual(cue["skew_us"], max(written) - min(written))
        for which in (1, 2):
            until(lambda: self.daemon.get(f"/api/v1/controllers/{which}/simulation").json["shows"]["led"]["color"] == "#010203", "it shows")
        self.problem(self.daemon.request("PUT", "/api/v1/cues/scene", '{"outputs":[{"controllers":["nobody"],"led":{"color":"red"}}]}',
                                         content_type="application/json"), 404, "unknown_controller", "/outputs/0/controllers/0")
        self.assertEqual(self.daemon.request("DELETE", "/api/v1/cues/scene").status, 204)
        self.daemon.request("DELETE", "/api/v1/controllers/all/led")

    def test_bad_wishes_name_the_member_and_change_nothing(self):
        before = self.daemon.put("/api/v1/controllers/1/led", {"color": "#102030"}).json
        path = "/api/v1/controllers/1/led"
        self.problem(self.daemon.put(path, {"red": 256, "green": 0, "blue": 0}), 422, "out_of_range", "/red")
        self.problem(self.daemon.put(path, {"colour": "red"}), 422, "unknown_member", "/colour")
        self.problem(self.daemon.put(path, {"color": 3}), 422, "wrong_type", "/color")
        self.problem(self.daemon.put(path, {"color": "reddish"}), 422, "invalid_value", "/color")
        self.problem(self.daemon.put(path, "{", content_type="application/json"), 400, "invalid_json")
        self.problem(self.daemon.put(path, b'{"color":"\xff"}', content_type="application/json"), 400, "invalid_utf8")
        self.problem(self.daemon.put(path, '{"red":1,"red":2}', content_type="application/json"), 400, "duplicate_member")
        self.problem(self.daemon.put(path, "red", content_type="text/plain"), 415, "unsupported_media_type")
        self.problem(self.daemon.put("/api/v1/controllers/9/led", {"color": "red"}), 404, "unknown_controller")
        after = self.daemon.get(path).json
        self.assertEqual([after[k] for k in ("red", "green", "blue")], [before[k] for k in ("red", "green", "blue")])

    # ---- names

    def test_a_name_is_unique_and_no_number(self):
        self.problem(self.daemon.patch("/api/v1/controllers/2", {"name": "left"}), 409, "name_taken")
        self.problem(self.daemon.patch("/api/v1/controllers/2", {"name": "17"}), 422, "invalid_value", "/name")
        self.problem(self.daemon.patch("/api/v1/controllers/2", {"number": 1}), 409, "number_taken")
        self.problem(self.daemon.patch("/api/v1/controllers/2", {"nmae": "x"}), 422, "unknown_member", "/nmae")
        self.assertEqual(self.daemon.patch("/api/v1/controllers/2", {"name": "rechte Hand"}).json["name"], "rechte Hand")
        self.assertEqual(self.daemon.get("/api/v1/controllers/rechte%20Hand").json["number"], 2)

    def test_a_connected_controller_is_not_forgotten(self):
        self.problem(self.daemon.request("DELETE", "/api/v1/controllers/1"), 409, "controller_connected")

    # ---- orientation

    def test_reset_makes_this_forward_and_delete_goes_back(self):
        self.assertIn(self.daemon.request("POST", "/api/v1/controllers/1/orientation/reset").status, (200, 204))
        self.assertIn(self.daemon.request("DELETE", "/api/v1/controllers/1/orientation/reset").status, (200, 204))

    # ---- away

    def test_an_away_controller_reads_its_last_state_and_refuses_writes(self):
        self.daemon.patch("/api/v1/controllers/2/simulation", {"link": "down"})
        until(lambda: not self.daemon.get("/api/v1/controllers/2").json["connected"], "it is away")
        try:
            self.assertEqual(self.daemon.get("/api/v1/controllers/2/sensors").status, 200)
            self.problem(self.daemon.put("/api/v1/controllers/2/led", {"color": "red"}), 409, "controller_offline")
        finally:
            self.daemon.patch("/api/v1/controllers/2/simulation", {"link": "up"})
        self.daemon.wait_for(2)

    # ---- the simulation

    def test_a_simulated_controller_does_what_it_is_told(self):
        path = "/api/v1/controllers/2/simulation"
        answer = self.daemon.patch(path, {"buttons": ["cross", "move"], "trigger": 0.5, "battery_percent": 20, "motion": "wave"})
        self.assertEqual(answer.status, 200, answer)
        until(lambda: self.daemon.get("/api/v1/controllers/2/sensors").json["buttons"] == ["cross", "move"], "buttons")
        state = self.daemon.get("/api/v1/controllers/2").json
        self.assertAlmostEqual(state["sensors"]["trigger"], 0.5, delta=0.01)
        self.assertEqual(state["battery"]["percent"], 20)
        self.problem(self.daemon.patch(path, {"motion": "dance"}), 422, "invalid_value", "/motion")
        self.problem(self.daemon.patch(path, {"loss": 2}), 422, "out_of_range", "/loss")
        self.daemon.patch(path, {"buttons": [], "trigger": 0, "battery_percent": 100, "motion": "still"})

    # ---- who may ask

    def test_another_host_name_or_origin_is_refused_before_routing(self):
        self.problem(self.daemon.get("/nowhere", headers={"Host": "evil.example"}), 421, "unknown_host")
        self.problem(self.daemon.get("/api/v1", headers={"Origin": "http://evil.example"}), 403, "origin_not_allowed")
        self.problem(self.daemon.put("/api/v1/controllers/1/led", {"color": "red"}, headers={"Sec-Fetch-Site": "cross-site"}),
                     403, "cross_site_write")

    def test_unknown_paths_and_methods_say_so(self):
        self.problem(self.daemon.get("/api/v1/nope"), 404, "not_found")
        answer = self.daemon.request("DELETE", "/api/v1/controllers")
        self.problem(answer, 405, "method_not_allowed")
        self.assertIn("GET", answer.headers["Allow"])
        self.assertEqual(self.daemon.request("HEAD", "/api/v1").body, b"")

    def test_limits_are_told_and_kept(self):
        limits = self.daemon.get("/api/v1").json["limits"]
        self.assertTrue(limits)
        self.problem(self.daemon.put("/api/v1/controllers/1/led", "x" * 20000, content_type="application/json"),
                     413, "payload_too_large")
        self.problem(self.daemon.get("/" + "a" * 3000), 414, "uri_too_long")
        self.problem(self.daemon.get("/", headers={"X-Long": "a" * 9000}), 431, "headers_too_large")

    def test_requests_that_could_be_read_in_two_ways_are_refused(self):
        host = b"Host: localhost\r\n"
        for head, status in (
                (b"GET /livez HTTP/1.1\r\n\r\n", b"400"),
                (b"GET /livez HTTP/1.1\r\n" + host + host + b"\r\n", b"400"),
                (b"GET /livez HTTP/1.1\r\n" + host + b"X: a\r\n b\r\n\r\n", b"400"),
                (b"PUT /x HTTP/1.1\r\n" + host + b"Content-Length: 5, 5\r\n\r\nhello", b"400"),
                (b"PUT /x HTTP/1.1\r\n" + host + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
                (b"PUT /x HTTP/1.1\r\n" + host + b"Transfer-Encoding: gzip\r\n\r\n", b"501")):
            answer = self.daemon.raw(head)
            self.assertEqual(answer.split(b" ")[1], status, (head, answer))

    def test_pipelined_requests_are_answered_in_order(self):
        one = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"GET /api/v1/nope HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        answer = self.daemon.raw(one + one + last)
        self.assertEqual(answer.count(b"HTTP/1.1 200"), 2)
        self.assertGreater(answer.rfind(b"HTTP/1.1 404"), answer.rfind(b"HTTP/1.1 200"))


class Talk(unittest.TestCase):
    """The API of the 2013 talk, as its clients use it."""

    def test_a_client_of_2013_works(self):
        with Daemon("--simulate", "zcm1,zcm2") as daemon:
            daemon.wait_for(2)
            for path in ("/controllers/", "/controllers"):
                self.assertEqual(len(daemon.get(path).json), 2)
            state = daemon.get("/controllers/0/").json
            for member in ("ax ay az gx gy gz btn_triangle btn_circle btn_cross btn_square btn_select btn_start btn_move btn_t "
                           "btn_ps battery trigger red green blue rumble").split():
                self.assertIn(member, state)
            self.assertAlmostEqual(state["az"], 1, delta=0.05)
            answer = daemon.form("PUT", "/controllers/0/", "red=10&green=20")
            self.assertEqual((answer.status, answer.json), (201, "Updated"))
            until(lambda: daemon.shows(1)["green"] == 20, "the light")
            daemon.put("/controllers/0", {"blue": 30, "something": "else"})
            state = daemon.get("/controllers/0/").json
            self.assertEqual([state[k] for k in ("red", "green", "blue")], [10, 20, 30])
            for bad in ("red=256", "red=-1", "red=x", "red=1.5"):
                answer = daemon.form("PUT", "/controllers/0/", bad)
                self.assertEqual(answer.status, 400, bad)
                self.assertIn("message", answer.json)
            answer = daemon.get("/controllers/7/")
            self.assertEqual(answer.status, 404)
            self.assertIn("message", answer.json)


if __name__ == "__main__":
    main()
