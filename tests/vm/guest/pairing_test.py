#!/usr/bin/python3
"""Pairing as people do it: psmoved and psmoved-bluez as the packages install them, the real bluetoothd, and emulated
controllers that are plugged in, unplugged and pressed.

usage: pairing_test.py [name of a test...]    as root, in a guest with systemd and bluez, the .deb files beside this"""

import glob
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bluez
import hid
from checks import *

rest = Rest()
bluetoothd = bluez.Bluetoothd()
here_is, other = "00:1b:dc:00:00:01", "00:1b:dc:00:00:02"  # adapters
elsewhere = "02:00:00:00:00:99"
zcm1, zcm2, keyboard = "00:06:f7:00:00:01", "a4:53:85:00:00:01", "02:00:00:00:00:01"
second_zcm2 = "a4:53:85:00:00:02"  # where it is the second device of an emulator
pid = {"zcm1": 0x03D5, "zcm2": 0x0C5E}
input_conf = "/etc/bluetooth/input.conf"
with open(input_conf) as file:
    shipped_conf = file.read()


# ---- what a person sees and does


def pairings():
    return {p["controller"]: p for p in rest.get("/pairing")}


def state_of(address):
    return pairings().get(address, {}).get("state")


def reaches(address, *states, seconds=60, **members):
    """Waits until the pairing of a controller is in one of these states; -> it, or None"""
    def there():
        found = pairings().get(address)
        return found if found and found["state"] in states and all(found[k] == v for k, v in members.items()) else None
    return eventually(there, seconds)


def is_streaming(address, seconds=60):
    return eventually(lambda: rest.controllers()[address]["status"] == "streaming", seconds)


def sends(address, seconds=30):
    """Whether new samples come over REST."""
    first = eventually(lambda: rest.get(f"/controllers/{address}/sensors")["sequence"], seconds)
    return first is not None and eventually(lambda: rest.get(f"/controllers/{address}/sensors")["sequence"] > first + 5, seconds)


def comes(emulator, place, address, adapter=None):
    """Presses PS until it streams, three times at most: a bluetoothd that has just started tells the kernel of one device after the
    other whom to admit, and a busy one turns a first call away."""
    for _ in range(3):
        eventually(lambda: any(r["answers_calls"] and adapter in (None, r["address"]) for r in json.loads(emulator.tell("radio state"))), 60)
        emulator.tell(f"press {place}")
        if is_streaming(address, 15):
            return True
    return False


def pair_command(*arguments):
    return Process(["psmovectl", "pair", *arguments], f"/tmp/pair-{time.monotonic_ns()}.log")


def files_of(*devices, adapter=here_is):
    """-> path -> content, of all that BlueZ stores about these"""
    base, found = f"{bluez.storage}/{adapter.upper()}", {}
    for device in devices:
        for path in [f"{base}/cache/{device.upper()}", *glob.glob(f"{base}/{device.upper()}/*")]:
            if os.path.exists(path):
                with open(path) as file:
                    found[path] = file.read()
    return found


def begin(*stored, conf=None, adapters=(here_is,), automatic=True):
    """psmoved and bluetoothd anew, with nothing known but (adapter, device, product, record, key) in BlueZ."""
    shell("systemctl stop psmoved")
    shell("rm -rf /var/lib/psmoved/*; systemctl reset-failed psmoved 'psmoved-bluez@*' bluetooth")
    with open("/etc/psmoved/psmoved.toml", "w") as file:
        file.write("" if automatic else "auto_pair = false\n")
    bluetoothd.stop()
    for name in os.listdir(bluez.storage):
        shell(f"rm -rf {bluez.storage}/{name}")
    with open(input_conf, "w") as file:
        file.write(conf or shipped_conf)
    for what in stored:
        bluez.store(*what)
    bluetoothd.start()
    ready = bluez.is_powered(*adapters) if adapters else True
    shell("systemctl start psmoved")
    return check("bluetoothd and psmoved are there", ready and eventually(lambda: rest.get("/controllers") == [], 60))


def unplug_and_press(emulator, place=1):
    emulator.tell(f"{place} unplug")
    eventually(lambda: any(r["answers_calls"] for r in json.loads(emulator.tell("radio state"))), 60)
    emulator.tell(f"press {place}")


def bonds_a_keyboard(emulator):
    """The first device, a keyboard, bonds with this computer as any would, and connects. -> whether it did"""
    def let_in(is_open):
        for name in ("Pairable", "Discoverable"):
            bluez.set_property(bluez.adapters()[here_is]["path"], "org.bluez.Adapter1", name, is_open)

    emulator.tell("1 unplug")
    with bluez.Agent():
        let_in(True)
        eventually(lambda: any(r["answers_calls"] for r in json.loads(emulator.tell("radio state"))), 60)
        emulator.tell("press 1")
        known = eventually(lambda: emulator.radio(1)["bonded"] and bluez.device(keyboard)["ServicesResolved"] and bluez.device(keyboard), 60)
        if not check("a keyboard bonds", known, emulator.radio(1)):
            return False
        bluez.set_property(known["path"], "org.bluez.Device1", "Trusted", True)
    emulator.tell("off 1")
    eventually(lambda: not emulator.radio(1)["linked"], 20)
    emulator.tell("press 1")
    connected = check("and connects", eventually(lambda: hid.nodes(address=keyboard), 60))
    let_in(False)
    return connected


kept = ("/var/lib/bluetooth", "/var/lib/psmoved", "/etc/psmoved", "/etc/bluetooth")  # of what a disk keeps
unbonded = shipped_conf.replace("#ClassicBondedOnly=true", "ClassicBondedOnly=false")

# ---- the tests: each is a function, its first line says what it shows


def pairs_a_zcm1_as_shipped():
    """A ZCM1 on Debian as it is: told why not, allowed, stored, unplugged, pressed, streaming; and all of it taken back."""
    with Emulator("zcm1:rate=88:motion=wave", "--usb", "--radio", here_is) as emulator:
        begin()
        began = time.monotonic()
        emulator.tell("plug")
        asked = reaches(zcm1, "waiting", code="bonds_only")
        if not check("plugged in, it waits for permission", asked, pairings()):
            return
        note(asked["next"])
        note(asked["command"])
        check("the permission's risk is named", "CVE-2023-45866" in asked["next"])
        check("nothing was written so far", emulator.state()["host"] != elsewhere and not files_of(zcm1) and open(input_conf).read() == shipped_conf)
        words = asked["command"].split()
        with pair_command(*words[2:]) as command:
            check("with it, it is ready for PS", reaches(zcm1, "press_ps"), pairings())
            check("the controller calls this adapter", emulator.state()["host"] == here_is, emulator.state()["host"])
            check("input.conf says so, marked as ours", "ClassicBondedOnly=false" in open(input_conf).read() and "# psmoved:" in open(input_conf).read())
            unplug_and_press(emulator)
            check("pressed, it is connected", reaches(zcm1, "connected"), (pairings(), emulator.radio()))
            check("and streams over REST", is_streaming(zcm1) and sends(zcm1))
            note(f"plugged in to streaming: {time.monotonic() - began:.1f} s; steps: plug, allow, unplug, PS")
            check("psmovectl followed it to the end", eventually(lambda: not command.is_running(), 10) and command.popen.returncode == 0, command.output())
        for line in command.output().splitlines():
            note(line)
        check("its light obeys", rest.request("PUT", f"/api/v1/controllers/{zcm1}/led", {"red": 7, "green": 8, "blue": 9})[0] == 200 and
              eventually(lambda: emulator.state()["shows"]["red"] == 7, 10), emulator.state()["shows"])
        adapters = rest.get("/adapters")
        check("adapters: this one, on, with it", [(a["address"], a["powered"], a["controllers"]) for a in adapters] == [(here_is, True, [zcm1])], adapters)
        status, body = rest.request("POST", f"/api/v1/controllers/{zcm1}/disconnect")
        check("switched off over REST", status == 200 and not body["connected"], (status, body))
        check("its device says so too", eventually(lambda: not emulator.radio()["linked"], 20), emulator.radio())
        eventually(lambda: any(r["answers_calls"] for r in json.loads(emulator.tell("radio state"))), 60)
        emulator.tell("press")
        check("another press brings it back", is_streaming(zcm1))
        code, text = shell("psmovectl unpair --all")
        check("unpair --all ends well", code == 0, text)
        check("it is off, BlueZ has forgotten it", eventually(lambda: not files_of(zcm1) and not emulator.radio()["linked"], 20), files_of(zcm1))
        check("input.conf is as it was, byte for byte", open(input_conf).read() == shipped_conf)


def pairs_a_zcm2_without_a_word():
    """A ZCM2: plug, unplug, press. By SSP and by PIN, with reports of 44, 45 and 49 bytes."""
    for radio, pairing in ((here_is, "ssp"), (here_is + ",no-ssp", "pin")):
        with Emulator(f"zcm2:pair={pairing}:rate=100:motion=wave", "--usb", "--radio", radio) as emulator:
            begin()
            began = time.monotonic()
            emulator.tell("plug")
            check(f"{pairing}: plugged in, it is ready for PS by itself", reaches(zcm2, "press_ps"), pairings())
            unplug_and_press(emulator)
            check("pressed, it is connected", reaches(zcm2, "connected"), (pairings(), emulator.radio()))
            check("and streams over REST", is_streaming(zcm2) and sends(zcm2), emulator.radio())
            note(f"plugged in to streaming: {time.monotonic() - began:.1f} s; steps: plug, unplug, PS")
            check("bonded and encrypted", (emulator.radio()["bonded"], emulator.radio()["encrypted"]) == (True, True), emulator.radio())
            check("no joystick beside the hidraw node", not glob.glob("/dev/input/js*"), glob.glob("/dev/input/js*"))
            for length in (45, 49, 44):
                emulator.tell(f"length {length}")
                check(f"reports of {length} bytes are read", sends(zcm2))
            with open(input_conf) as file:
                check("input.conf was not touched", file.read() == shipped_conf)
            emulator.tell("off")
            eventually(lambda: not emulator.radio()["linked"], 20)
            emulator.tell("press")
            check("it comes back without anybody", is_streaming(zcm2))


def leaves_a_keyboard_alone():
    """A keyboard that is connected stays connected, and its files are as they were, byte for byte; so does a Move."""
    with Emulator("keyboard,zcm2:rate=100,zcm2:rate=100", "--usb", "--radio", here_is) as emulator:
        begin()
        first, second = "a4:53:85:00:00:02", "a4:53:85:00:00:03"
        if not bonds_a_keyboard(emulator):
            return
        before = files_of(keyboard)
        for place, address in ((2, first), (3, second)):
            emulator.tell(f"plug {place}")
            check(f"{address}: ready for PS, though others are connected", reaches(address, "press_ps"), pairings())
            unplug_and_press(emulator, place)
            check(f"{address}: connected", reaches(address, "connected"), (pairings(), emulator.radio(place)))
            check("and it streams", is_streaming(address))
            check("the keyboard never lost its link", emulator.radio(1)["interrupt"], emulator.radio(1))
        check("nor did the first Move", is_streaming(first, 1) and rest.controllers()[first]["radio"]["reports"] > 300, rest.controllers()[first]["radio"])
        with hid.nodes(address=keyboard)[0] as node:
            emulator.tell("1 type ab")
            typed = node.reports(4, 10)
            check("the keyboard types", [r[3] for r in typed] == [4, 0, 5, 0], [r.hex() for r in typed])
        check("its files are the same, byte for byte", files_of(keyboard) == before, "")


def repairs_a_mute_zcm2():
    """A ZCM2 that another tool paired is connected and mute: recognised, repaired, its bond kept."""
    key = "0123456789abcdef0123456789abcdef"
    with Emulator(f"zcm2:rate=100:key={key}", "--radio", here_is) as emulator:
        begin((here_is, zcm2, pid["zcm2"], None, key))
        eventually(lambda: any(r["answers_calls"] for r in json.loads(emulator.tell("radio state"))), 60)
        emulator.tell("press")
        check("it is recognised, and repaired as far as it goes without a person", reaches(zcm2, "press_ps"), (pairings(), rest.controllers()))
        check("for which it was switched off", eventually(lambda: not emulator.radio()["linked"], 20), emulator.radio())
        eventually(lambda: any(r["answers_calls"] for r in json.loads(emulator.tell("radio state"))), 60)
        emulator.tell("press")
        check("pressed again, it streams", is_streaming(zcm2) and sends(zcm2), (pairings(), rest.controllers()))
        info = next((text for path, text in files_of(zcm2).items() if path.endswith("/info")), "")
        check("its bond was kept", key.upper() in info.upper() and emulator.radio()["encrypted"], info)


def comes_back():
    """After link loss, the adapter pulled and put back, bluetoothd killed and restarted, psmoved restarted: with its light."""
    with Emulator("zcm1:rate=88", "--radio", here_is) as emulator:
        begin((here_is, zcm1, pid["zcm1"]), conf=unbonded)

        def press(what):
            eventually(lambda: any(r["answers_calls"] for r in json.loads(emulator.tell("radio state"))), 60)
            emulator.tell("press")
            check(f"{what}: it streams", is_streaming(zcm1) and sends(zcm1), emulator.radio())

        press("pressed")
        rest.put(f"/controllers/{zcm1}/led", {"color": "#102030"})
        check("lit", eventually(lambda: emulator.state()["shows"]["red"] == 16, 10))
        emulator.tell("drop")
        check("link lost: it is away", eventually(lambda: not rest.controllers()[zcm1]["connected"], 60))
        press("after link loss")
        check("its light is back", eventually(lambda: emulator.state()["shows"]["red"] == 16, 10), emulator.state()["shows"])
        emulator.tell("radio remove")
        check("adapter pulled: it is away", eventually(lambda: not rest.controllers()[zcm1]["connected"], 60))
        check("and no adapter is listed", eventually(lambda: rest.get("/adapters") == [], 20), rest.get("/adapters"))
        emulator.tell("radio insert")
        bluez.is_powered(here_is)
        press("after the adapter")
        shell("systemctl kill --signal=KILL bluetooth")
        check("bluetoothd killed: psmoved says so", eventually(lambda: rest.request("GET", "/api/v1/adapters")[1].get("code") == "no_bluetooth", 20))
        check("its readings go on", sends(zcm1))
        shell("systemctl reset-failed bluetooth; systemctl start bluetooth")
        check("bluetoothd back: adapters are listed", eventually(lambda: rest.get("/adapters")[0]["powered"], 60))
        shell("systemctl restart bluetooth")
        check("bluetoothd restarted: it is away", eventually(lambda: not rest.controllers()[zcm1]["connected"], 60))
        bluez.is_powered(here_is)
        press("after bluetoothd's restart")
        shell("systemctl restart psmoved")
        check("psmoved restarted: it streams without a press", is_streaming(zcm1) and sends(zcm1))
        # All that a reboot ends, in its order; what it leaves are the files.
        shell("systemctl stop psmoved bluetooth")
        emulator.tell("radio remove")
        time.sleep(1)
        emulator.tell("radio insert")
        shell("systemctl start bluetooth psmoved")
        bluez.is_powered(here_is)
        press("everything stopped and started")


def carries_ten_on_two_adapters():
    """Seven on one adapter and three on a second, paired one after the other, all streaming at once."""
    with Emulator("11xzcm2:rate=50", "--usb", "--radio", here_is, "--radio", other) as emulator:
        begin(adapters=(here_is, other), automatic=False)
        *addresses, one_more = [f"a4:53:85:00:00:{n:02x}" for n in range(1, 12)]
        began = time.monotonic()
        for place, address in enumerate(addresses, 1):
            adapter = here_is if place <= 7 else other
            emulator.tell(f"plug {place}")
            if not check(f"{place} is on the cable", reaches(address, "plugged_in"), pairings()):
                return
            status, body = rest.request("POST", "/api/v1/pairing", {"controller": address, "adapter": adapter})
            # 202: not done within the twelve seconds that the answer is waited for.
            check(f"{place} is ready for PS", status in (200, 202) and reaches(address, "press_ps"), (status, body))
            emulator.tell(f"{place} unplug")
            check(f"{place} streams", comes(emulator, place, address, adapter), (emulator.radio(place), pairings().get(address)))
        note(f"ten in {time.monotonic() - began:.0f} s")
        check("all ten stream at once", all(is_streaming(address, 20) for address in addresses))
        spread = {a["address"]: len(a["controllers"]) for a in rest.get("/adapters")}
        check("seven here, three there", spread == {here_is: 7, other: 3}, spread)
        emulator.tell("plug 11")
        reaches(one_more, "plugged_in")
        status, body = rest.request("POST", "/api/v1/pairing", {"controller": one_more, "adapter": here_is})
        check("an eighth there: adapter_full", (status, body.get("state"), body.get("code")) == (202, "waiting", "adapter_full"), (status, body))
        note(body.get("next", ""))
        emulator.tell("off 1")
        check("one is switched off: it goes on by itself", reaches(one_more, "press_ps"), pairings())
        check("whose light is off then", not rest.controllers()[addresses[0]]["connected"])


def pairs_a_navigation_controller():
    """A Navigation controller: plug, unplug, press; its stick and buttons are read, and it is the other hand of a Move."""
    with Emulator("navigation,zcm1", "--usb", "--radio", here_is) as emulator:
        begin()
        emulator.tell("plug 1")
        waiting = eventually(lambda: next((p for p in rest.get("/pairing") if p["state"] in ("press_ps", "waiting")), None), 60)
        if not check("plugged in, it is recognised", waiting, rest.get("/pairing")):
            return
        address = waiting["controller"]
        if waiting["code"] == "bonds_only":
            rest.request("POST", "/api/v1/pairing", {"controller": address, "allow_unbonded": True})
        check("it is ready for PS", reaches(address, "press_ps"), pairings())
        check("it calls this adapter", emulator.state()["host"] == here_is, emulator.state()["host"])
        unplug_and_press(emulator)
        check("pressed, it is connected and streams", reaches(address, "connected") and is_streaming(address), (pairings(), emulator.radio()))
        sample = rest.get(f"/controllers/{address}/sensors")
        check("with a stick and no motion", sample["stick"] is not None and sample["accel_m_s2"] is None, sample)
        check("its model is named", rest.controllers()[address]["model"] == "navigation", rest.controllers()[address])
        emulator.tell("1 hold cross,l1")
        check("its buttons are read", eventually(lambda: {"cross", "l1"} <= set(rest.get(f"/controllers/{address}/sensors")["buttons"]), 10))
        emulator.tell("1 hold cross")
        emulator.tell("1 pressure l1 0.5")
        check("and how far L1 is pressed", eventually(lambda: rest.get(f"/controllers/{address}/sensors")["pressures"]["l1"] == 0.502, 10),
              rest.get(f"/controllers/{address}/sensors"))
        emulator.tell("plug 2")
        move = eventually(lambda: next((c for c in rest.get("/controllers") if c["model"] == "zcm1"), None), 30)
        code, text = shell(f"psmovectl companion {move['number']} {address}") if move else (None, "no Move on the cable")
        check("psmovectl makes it the Move's companion", code == 0 and rest.controllers()[address]["companion"] == move["id"], text)
        shell("psmovectl unpair --all")


def pairs_without_a_restart():
    """--without-restart: a ZCM1 whom BlueZ gets to know when it calls, in two presses; bluetoothd runs on. A ZCM2 is told why not."""
    with Emulator("zcm1:rate=88,zcm2:rate=50", "--usb", "--radio", here_is) as emulator:
        begin(conf=unbonded, automatic=False)
        bluetoothd_is = shell("pidof bluetoothd")[1]
        emulator.tell("plug 2")
        if not check("a ZCM2 is on the cable", reaches(second_zcm2, "plugged_in"), pairings()):
            return
        rest.request("POST", "/api/v1/pairing", {"controller": second_zcm2, "without_restart": True})
        refused = reaches(second_zcm2, "waiting", code="needs_restart")
        check("it needs a restart, and is told so", refused, pairings())
        note(refused["next"] if refused else "")
        emulator.tell("2 unplug")
        emulator.tell("plug 1")
        reaches(zcm1, "plugged_in")
        began = time.monotonic()
        with pair_command(zcm1, "--without-restart") as command:
            waits = reaches(zcm1, "press_ps", code="first_call")
            check("it waits for a first call, and names the risk", waits and "crashes" in waits["next"], pairings())
            check("nothing was written into BlueZ", not files_of(zcm1), files_of(zcm1))
            unplug_and_press(emulator)
            check("at its call BlueZ learns of it", reaches(zcm1, "press_ps", code="call_again"), (pairings(), emulator.radio()))
            eventually(lambda: not emulator.radio()["linked"], 30)
            check("pressed again, it is connected and streams", comes(emulator, 1, zcm1) and reaches(zcm1, "connected"), (pairings(), emulator.radio()))
            note(f"plugged in to streaming: {time.monotonic() - began:.1f} s; steps: plug, unplug, PS, PS")
            check("psmovectl followed it to the end", eventually(lambda: not command.is_running(), 10) and command.popen.returncode == 0, command.output())
        check("bluetoothd is the same one", shell("pidof bluetoothd")[1] == bluetoothd_is)
        check("nobody else can call any more", eventually(lambda: not rest.get("/adapters")[0]["discoverable"], 10), rest.get("/adapters"))


def before_a_reboot():
    """A ZCM1 and a ZCM2 are paired, one of them named; then the computer stops. What its disk would keep is put aside."""
    with Emulator("zcm1:rate=88,zcm2:rate=50", "--usb", "--radio", here_is) as emulator:
        begin(conf=unbonded)
        for place, address in ((1, zcm1), (2, second_zcm2)):
            emulator.tell(f"plug {place}")
            check(f"{address} is ready for PS", reaches(address, "press_ps"), pairings())
            emulator.tell(f"{place} unplug")
            check("pressed, it streams", comes(emulator, place, address), emulator.radio(place))
        rest.patch(f"/controllers/{zcm1}", {"name": "left"})
        shell("systemctl stop psmoved bluetooth")
        check("what stays is put aside", shell(f"tar -cf /rig/disk.tar {' '.join(kept)}")[0] == 0)
        with open("/rig/controllers.json", "w") as file:  # what the controllers themselves remember
            json.dump({"hosts": [emulator.state(place)["host"] for place in (1, 2)], "key": emulator.radio(2)["key"]}, file)


def after_a_reboot():
    """The computer was started again: both controllers come back with one press each, and the name is still there."""
    with open("/rig/controllers.json") as file:
        remembered = json.load(file)
    shell("systemctl stop psmoved bluetooth")
    check("the disk is what it was", shell("tar -xf /rig/disk.tar -C /")[0] == 0)
    with Emulator("zcm1:rate=88,zcm2:rate=50", "--radio", here_is) as emulator:
        for place, host in enumerate(remembered["hosts"], 1):
            emulator.tell(f"{place} host {host}")
        emulator.tell(f"2 key {remembered['key']}")
        shell("systemctl start psmoved bluetooth")
        bluez.is_powered(here_is)
        check("both are remembered", eventually(lambda: sorted(rest.controllers()) == sorted([zcm1, second_zcm2]), 60), rest.get("/controllers"))
        began = time.monotonic()
        for place, address in ((1, zcm1), (2, second_zcm2)):
            check(f"{address}: pressed, it streams", comes(emulator, place, address) and sends(address), emulator.radio(place))
        note(f"both stream {time.monotonic() - began:.1f} s after the first press")
        check("its name is still there", rest.controllers()[zcm1]["name"] == "left", rest.controllers()[zcm1])
        check("the bond held", emulator.radio(2)["bonded"] and emulator.radio(2)["encrypted"], emulator.radio(2))


def refuses_two_adapters_of_one_address():
    """Two dongles that were sold with one address: BlueZ takes one, and once that is full it is said why the other does not count."""
    addresses = [f"00:06:f7:00:00:{n:02x}" for n in range(1, 8)]
    eighth = "a4:53:85:00:00:08"
    with Emulator("7xzcm1:rate=30,zcm2:rate=30", "--usb", "--radio", here_is, "--radio", here_is) as emulator:
        begin(*((here_is, address, pid["zcm1"]) for address in addresses), conf=unbonded)
        check("BlueZ takes one of them", [a["address"] for a in rest.get("/adapters")] == [here_is], rest.get("/adapters"))
        for place, address in enumerate(addresses, 1):
            if not check(f"{place} streams", comes(emulator, place, address), emulator.radio(place)):
                return
        emulator.tell("plug 8")
        found = reaches(eighth, "waiting", code="duplicate_adapter")
        check("the eighth: duplicate_adapter", found, pairings())
        note(found["next"] if found else "")
        emulator.tell("off 1")
        check("one is switched off: it goes on by itself", reaches(eighth, "press_ps"), pairings())


def asks_before_it_disconnects():
    """A keyboard whose link bluetoothd holds itself would be cut off: psmoved asks first, and does it when told to."""
    held = shipped_conf.replace("#UserspaceHID=true", "UserspaceHID=true")
    with Emulator("keyboard,zcm2:rate=50", "--usb", "--radio", here_is) as emulator:
        begin(conf=held)
        second = "a4:53:85:00:00:02"
        if not bonds_a_keyboard(emulator):
            return
        emulator.tell("plug 2")
        found = reaches(second, "waiting", code="would_disconnect")
        check("would_disconnect", found, pairings())
        if found:
            note(found["next"] + f"   [{found['command']}]")
            time.sleep(3)
            check("nothing was done meanwhile", emulator.radio(1)["linked"] and not files_of(second), emulator.radio(1))
            words = found["command"].split()
            with pair_command(*words[2:]) as command:
                check("told to, it goes on", reaches(second, "press_ps"), pairings())
                unplug_and_press(emulator, 2)
                check("and streams", is_streaming(second), emulator.radio(2))
        eventually(lambda: not emulator.radio(1)["linked"], 20)
        emulator.tell("press 1")
        check("the keyboard comes back by its bond", eventually(lambda: hid.nodes(address=keyboard), 60), emulator.radio(1))


def reads_the_cable_without_hidraw():
    """A controller on the cable that the kernel gave no hidraw node, or whose node may not be opened: by libusb, and given back."""
    with Emulator("zcm1", "--usb", "--radio", here_is) as emulator:
        begin(automatic=False)
        on_cable = lambda: eventually(lambda: [link["transport"] for link in rest.controllers()[zcm1]["links"]] == ["usb"], 30)
        journal = lambda: shell("journalctl _SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value psmoved) --no-pager")[1]
        emulator.tell("plug")
        check("on the cable by its node", on_cable() and len(hid.nodes()) == 1 and "libusb" not in journal(), hid.nodes())
        check("it charges", rest.controllers()[zcm1]["battery"] == {"percent": None, "state": "charging"}, rest.controllers()[zcm1]["battery"])
        port = os.path.basename(glob.glob("/sys/bus/usb/drivers/usbhid/*-*:1.0")[0])
        shell(f"echo {port} > /sys/bus/usb/drivers/usbhid/unbind")
        check("its driver unbound, it has no node", eventually(lambda: not hid.nodes(), 10))
        check("and is read without one", eventually(lambda: "reached through libusb" in journal(), 30) and on_cable(), journal()[-2000:])
        check("its calibration is its own", rest.controllers()[zcm1]["calibration"]["factory"], rest.controllers()[zcm1])
        code, text = shell(f"psmovectl pair 1 --host-address {elsewhere}")
        check("its host is written and read back", code == 0 and emulator.state()["host"] == elsewhere, text)
        rest.put(f"/controllers/{zcm1}/led", {"color": "#0a0b0c"})
        check("it lights up", eventually(lambda: emulator.state()["shows"]["red"] == 10, 10), emulator.state()["shows"])
        emulator.tell("unplug")
        check("pulled, it is away", eventually(lambda: not rest.controllers()[zcm1]["connected"], 20))
        check("and no longer charges", rest.controllers()[zcm1]["battery"]["state"] == "unknown", rest.controllers()[zcm1]["battery"])
        emulator.tell("plug")
        check("plugged in again, by its node", on_cable() and len(hid.nodes()) == 1)
        emulator.tell("unplug")
        eventually(lambda: not rest.controllers()[zcm1]["connected"], 20)
        # Another tool's rule may open the USB device alone.
        rule = "/etc/udev/rules.d/99-usb-alone.rules"
        with open(rule, "w") as file:
            file.write('SUBSYSTEM=="hidraw", GROUP="root", MODE="0600"\n')
        shell("udevadm control --reload")
        emulator.tell("plug")
        check("its node closed to psmoved: by libusb", on_cable() and eventually(lambda: "may not be opened" in journal(), 10), journal()[-2000:])
        check("its kernel driver let go of it", eventually(lambda: not hid.nodes(), 10), hid.nodes())
        shell("systemctl stop psmoved")
        check("psmoved stopped: the kernel's driver has it again", eventually(lambda: len(hid.nodes()) == 1, 20))
        os.remove(rule)
        shell("udevadm control --reload")
        emulator.tell("unplug")


def leaves_nothing_when_cancelled():
    """Cancelled half-way: BlueZ knows nothing of it, it calls whom it called before, input.conf is as shipped."""
    with Emulator("zcm1,zcm2", "--usb", "--radio", here_is) as emulator:
        begin(automatic=False)
        second = "a4:53:85:00:00:02"
        for place, address, wish in ((1, zcm1, {"allow_unbonded": True}), (2, second, {})):
            emulator.tell(f"{place} host {elsewhere}")
            emulator.tell(f"plug {place}")
            reaches(address, "plugged_in")
            status, body = rest.request("POST", "/api/v1/pairing", {"controller": address, **wish})
            check("half-way: stored, and ready for PS", (status, body.get("state")) == (200, "press_ps") and files_of(address), (status, body))
            check("cancelled", rest.request("DELETE", f"/api/v1/controllers/{address}/pairing")[0] == 204)
            check("BlueZ knows nothing of it", eventually(lambda: not files_of(address) and not bluez.device(address), 20), files_of(address))
            check("it calls whom it called before", emulator.state(place)["host"] == elsewhere, emulator.state(place)["host"])
            check("input.conf is as shipped", open(input_conf).read() == shipped_conf)
            check("it does not begin again by itself", state_of(address) == "plugged_in", pairings())
            emulator.tell(f"{place} unplug")
            eventually(lambda: address not in pairings(), 20)


def writes_another_computer():
    """--host-address: another computer's address, nothing of this one's changed; and a controller of somebody else taken over."""
    with Emulator("zcm1", "--usb", "--radio", here_is) as emulator:
        begin(automatic=False)
        emulator.tell("plug")
        reaches(zcm1, "plugged_in")
        code, text = shell(f"psmovectl pair 1 --host-address {elsewhere}")
        check("written", code == 0 and emulator.state()["host"] == elsewhere, text)
        check("BlueZ was told nothing", not files_of(zcm1))
        check("GET shows whom it calls", pairings()[zcm1]["host_address"] == elsewhere and state_of(zcm1) == "host_written", pairings())
        for wrong in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "b8:27:eb", "b8:27:eb:12:34:5g"):
            code, text = shell(f"psmovectl pair 1 --host-address {wrong}")
            check(f"not {wrong}", code == 1 and emulator.state()["host"] == elsewhere, (code, text))


def names_what_is_in_the_way():
    """No adapter, off, blocked, no bluetoothd, no psmoved-bluez, no permission, two at once: each by its name, and mended."""
    with Emulator("zcm2:rate=50", "--usb", "--radio", here_is) as emulator:
        begin(adapters=(here_is,))

        def stands_in_the_way(what, code, mend):
            emulator.tell("plug")
            found = reaches(zcm2, "waiting", code=code)
            check(f"{what}: {code}", found, pairings())
            if found:
                note(found["next"] + (f"   [{found['command']}]" if found["command"] else ""))
            mend()
            check("mended, it goes on by itself", reaches(zcm2, "press_ps"), pairings())
            rest.request("DELETE", f"/api/v1/controllers/{zcm2}/pairing")
            emulator.tell("unplug")
            eventually(lambda: zcm2 not in pairings(), 20)

        path = bluez.adapters()[here_is]["path"]
        bluez.set_property(path, "org.bluez.Adapter1", "Powered", False)
        stands_in_the_way("adapter off", "adapter_off", lambda: bluez.set_property(path, "org.bluez.Adapter1", "Powered", True))
        rfkill = glob.glob("/sys/class/bluetooth/hci0/rfkill*/soft")[0]
        shell(f"echo 1 > {rfkill}")
        eventually(lambda: not bluez.adapters()[here_is]["Powered"], 20)

        def unblock():
            shell(f"echo 0 > {rfkill}")
            bluez.set_property(path, "org.bluez.Adapter1", "Powered", True)
        stands_in_the_way("blocked", "adapter_blocked", unblock)
        shell("systemctl stop bluetooth")
        stands_in_the_way("no bluetoothd", "no_bluetooth", bluetoothd.start)
        emulator.tell("radio remove")
        eventually(lambda: here_is not in bluez.adapters(), 20)
        stands_in_the_way("no adapter", "no_adapter", lambda: emulator.tell("radio insert"))
        shell("systemctl stop psmoved-bluez.socket")
        stands_in_the_way("no psmoved-bluez", "no_helper", lambda: shell("systemctl start psmoved-bluez.socket"))

        emulator.tell("plug")
        reaches(zcm2, "press_ps")
        answers = []
        threads = [threading.Thread(target=lambda wish=wish: answers.append(rest.request("POST", "/api/v1/pairing", {"controller": zcm2, **wish})))
                   for wish in ({}, {"host_address": elsewhere}, {})]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check("three at once: each is answered truly", all(s == 200 or b["code"] in ("pairing_busy", "pairing_failed") for s, b in answers), answers)
        written = [b["host_address"] for s, b in answers if s == 200]
        check("and whoever hears that it is written is right", emulator.state()["host"] in written, (written, emulator.state()["host"]))
        emulator.tell("unplug")
        eventually(lambda: zcm2 not in pairings() or state_of(zcm2) != "host_written", 20)

        shell("mv /lib/udev/rules.d/60-psmoved.rules /tmp; udevadm control --reload")
        emulator.tell("plug")
        denied = eventually(lambda: next((p for p in rest.get("/pairing") if p["code"] == "no_permission"), None), 20)
        check("no permission: no_permission", denied, rest.get("/pairing"))
        if denied:
            note(denied["next"] + f"   [{denied['command']}]")
        shell("mv /tmp/60-psmoved.rules /lib/udev/rules.d; udevadm control --reload; " + (denied or {"command": "true"})["command"].replace("sudo ", ""))
        check("mended, the complaint is gone", eventually(lambda: all(p["controller"] for p in rest.get("/pairing")), 30), rest.get("/pairing"))
        check("and it goes on by itself", eventually(lambda: any(link["transport"] == "usb" for link in rest.controllers()[zcm2]["links"]), 30) and reaches(zcm2, "press_ps"), rest.get("/pairing"))
        emulator.tell("unplug")


def survives_bad_cables():
    """Feature reports that are too short, late, never answered or without an address; a cable pulled: named, the loop unhurt."""
    with Emulator("zcm2:rate=50", "--usb", "--radio", here_is) as emulator:
        begin()

        def complaint(code):
            return eventually(lambda: next((p for p in rest.get("/pairing") if p["code"] == code), None), 60)

        for what, on, off in (("cut short", "feature-length 12 04", "feature-length right"), ("an address of zeros", "zero-address on", "zero-address off"),
                              ("never answered", "feature-delay never", "feature-delay 0")):
            emulator.tell(on)
            emulator.tell("plug")
            began = time.monotonic()
            slowest = 0
            while time.monotonic() - began < 3:
                asked = time.monotonic()
                rest.get("/controllers")
                slowest = max(slowest, time.monotonic() - asked)
            found = complaint("cable_failed")
            check(f"{what}: cable_failed", found and found["controller"] is None, rest.get("/pairing"))
            if found:
                note(found["next"])
            check("and requests are answered meanwhile", slowest < 1, slowest)
            emulator.tell("unplug")
            check("unplugged, the complaint is gone", eventually(lambda: rest.get("/pairing") == [], 20), rest.get("/pairing"))
            emulator.tell(off)
        emulator.tell("feature-delay 1500")
        emulator.tell("plug")
        check("answers that are late are waited for", reaches(zcm2, "press_ps"), rest.get("/pairing"))
        emulator.tell("feature-delay 0")
        emulator.tell("unplug")
        emulator.tell("feature-delay never 05")
        emulator.tell("plug")
        found = reaches(zcm2, "failed", code="cable_failed")
        check("an address that is never taken: cable_failed", found, rest.get("/pairing"))
        emulator.tell("unplug")
        emulator.tell("feature-delay 0")
        check("all is well afterwards", (emulator.tell("plug"), reaches(zcm2, "press_ps"))[1], rest.get("/pairing"))


def answers_for_its_own_only():
    """While psmoved is the agent, another device that wants a bond is turned down."""
    with Emulator("zcm2:rate=50,keyboard", "--usb", "--radio", here_is) as emulator:
        begin()
        stranger = "02:00:00:00:00:02"
        emulator.tell("2 unplug")
        emulator.tell("1 plug")
        check("a ZCM2 is waited for", reaches(zcm2, "press_ps"), pairings())
        emulator.tell("1 unplug")
        path = bluez.adapters()[here_is]["path"]
        for name in ("Pairable", "Discoverable"):
            bluez.set_property(path, "org.bluez.Adapter1", name, True)
        eventually(lambda: any(r["answers_calls"] for r in json.loads(emulator.tell("radio state"))), 60)
        emulator.tell("press 2")
        check("a keyboard asks, and is turned down", eventually(lambda: f"device={stranger} answer=no" in shell("journalctl -u psmoved --no-pager")[1], 30),
              shell("journalctl -u psmoved --no-pager | tail -5")[1])
        check("it has no bond", not emulator.radio(2)["bonded"], emulator.radio(2))
        emulator.tell("press 1")
        check("the ZCM2 has one", is_streaming(zcm2) and emulator.radio(1)["bonded"], emulator.radio(1))


tests = [pairs_a_zcm1_as_shipped, pairs_a_zcm2_without_a_word, leaves_a_keyboard_alone, repairs_a_mute_zcm2, comes_back,
         carries_ten_on_two_adapters, leaves_nothing_when_cancelled, writes_another_computer, names_what_is_in_the_way, survives_bad_cables,
         answers_for_its_own_only, pairs_a_navigation_controller, refuses_two_adapters_of_one_address, asks_before_it_disconnects,
         reads_the_cable_without_hidraw, pairs_without_a_restart]
# Each in a boot of its own, one after the other.
boots = [before_a_reboot, after_a_reboot]

if __name__ == "__main__":
    for module in ("hci_vhci", "vhci-hcd", "bluetooth", "hidp", "rfcomm", "bnep"):
        shell("modprobe " + module)
    here = os.path.dirname(os.path.abspath(__file__))
    code, text = shell(f"dpkg -i {here}/psmoved_*.deb {here}/psmove-emulator_*.deb")
    check("the packages install", code == 0, text)
    run_tests([each for each in boots if each.__name__ in sys.argv] or tests, sys.argv[1:], lambda: eventually(lambda: not hid.nodes(), 30))
    check("the kernel is whole", "kernel BUG" not in shell("dmesg")[1])
    check("nothing failed", shell("systemctl --failed --no-legend --no-pager")[1].strip() == "", shell("systemctl --failed --no-legend --no-pager")[1])
    finish()
