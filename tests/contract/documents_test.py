"""The contract as the daemon serves it."""

import base64
import hashlib
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "end_to_end"))

from harness import Daemon, main  # noqa: E402

DOCUMENTS = {"/api/v1/openapi.json": "openapi.json", "/api/v1/asyncapi.json": "asyncapi.json", "/docs": "docs.html"}


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None, None, None)

    def test_they_are_served_as_they_were_built(self):
        for path, name in DOCUMENTS.items():
            with open(os.path.join(os.environ["PSMOVED_CONTRACT"], name), "rb") as file:
                self.assertEqual(self.daemon.get(path).body, file.read(), path)

    def test_who_has_them_is_not_sent_them_again(self):
        for path in DOCUMENTS:
            etag = self.daemon.get(path).headers["ETag"]
            for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
                answer = self.daemon.get(path, headers={"If-None-Match": known})
                self.assertEqual((answer.status, answer.body, answer.headers["ETag"]), (304, b"", etag), known)
            for unknown in ('"other"', etag.strip('"'), ""):
                self.assertEqual(self.daemon.get(path, headers={"If-None-Match": unknown}).status, 200, unknown)

    def test_the_connection_goes_on_after_a_304(self):
        etag = self.daemon.get("/docs").headers["ETag"].encode()
        answers = self.daemon.raw(b"GET /docs HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: " + etag + b"\r\n\r\n"
                                  b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertTrue(answers.startswith(b"HTTP/1.1 304 "))
        self.assertTrue(answers.endswith(b'{"status":"alive"}'), answers)

    def test_the_page_runs_its_own_script_and_style_and_nothing_else(self):
        answer = self.daemon.get("/docs")
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        self.assertEqual(policy["default-src"], "'none'")
        text = answer.body.decode()
        for element, directive in (("script", "script-src"), ("style", "style-src")):
            contents = re.findall(rf"<{element}>(.*?)</{element}>", text, flags=re.S)
            self.assertEqual(len(contents), 1)
            digest = base64.b64encode(hashlib.sha256(contents[0].encode()).digest()).decode()
            self.assertEqual(policy[directive], f"'sha256-{digest}'")
            self.assertEqual(len(re.findall(rf"<{element}\b", text)), 1)
        self.assertIsNone(re.search(r"<[^>]*\s(on\w+|style)=", text), "an inline handler or style")
        self.assertIsNone(re.search(r"<[^>]*\ssrc=", text), "something from elsewhere")

    def test_every_link_on_the_page_leads_somewhere(self):
        text = self.daemon.get("/docs").body.decode()
        places = re.findall(r'\sid="?([^"\s>]+)', text)
        self.assertEqual(len(places), len(set(places)), "two places of one name")
        for target in set(re.findall(r'href="([^"]+)"', text)):
            if target.startswith("#"):
                self.assertIn(target[1:], places)
            elif target.startswith("/"):
                self.assertEqual(self.daemon.get(target).status, 200, target)
        for label in re.findall(r'<label for="?([^"\s>]+)', text):
            self.assertIn(label, places)

    def test_newcomers_are_led_to_them(self):
        links = self.daemon.get("/api/v1").json["links"]
        self.assertTrue(set(DOCUMENTS) <= set(links.values()))
        for path in ("/", "/api/v1"):
            self.assertIn('</api/v1/openapi.json>; rel="service-desc"', self.daemon.get(path).headers["Link"])
        self.assertIn(b'href="/docs"', self.daemon.get("/").body)


if __name__ == "__main__":
    main()
