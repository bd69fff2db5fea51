#!/usr/bin/python3
"""psmove-emulator's cable and radio against the kernel's own USB and Bluetooth and the real bluetoothd: what tests of
pairing stand on.

usage: radio_test.py DIRECTORY-OF-psmove-emulator [name of a test...]    as root, in a guest with bluez"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bluez
import hid
from checks import *

Emulator.programs = os.path.abspath(sys.argv[1])
bluetoothd = bluez.Bluetoothd()
here_is, other = "00:1b:dc:00:00:01", "00:1b:dc:00:00:02"  # adapters
zcm1, zcm2 = "00:06:f7:00:00:01", "a4:53:85:00:00:01"  # as psmove-emulator numbers them
pid = {"zcm1": 0x03D5, "zcm2": 0x0C5E}


def on_air(**wanted):
    return hid.nodes(bus="bluetooth", **wanted)


def node_of(address, seconds=90):
    """The controller's hidraw node on Bluetooth, as soon as there is one"""
    found = eventually(lambda: on_air(address=address), seconds)
    return found[0] if found else None


def comes(emulator, address, place=1):
    """Presses PS until it has a node. A bluetoothd that has just started tells the kernel of one device after the other
    whom to admit, so that the first call of one may be turned away although the adapter answers another's."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        emulator.tell(f"press {place}")
        eventually(lambda: on_air(address=address) or "reason 0x0f" in emulator.radio(place)["refused"], 60)
        if found := on_air(address=address):
            return found[0]
        time.sleep(0.5)
    return None


def is_gone(address, seconds=60):
    return eventually(lambda: not on_air(address=address), seconds)


def begin(*stored, input_conf=(), adapters=(here_is,)):
    """bluetoothd anew, with (adapter, device, product, record) stored, and every adapter on."""
    bluetoothd.begin_anew(*input_conf)
    if stored:
        bluetoothd.stop()
        for what in stored:
            bluez.store(*what)
        bluetoothd.start()
    return check("bluetoothd has its adapters on", bluez.is_powered(*adapters))


def listens(emulator, adapter=here_is):
    """Waits until a call to the adapter would be answered."""
    return eventually(lambda: any(r["address"] == adapter and r["answers_calls"] for r in json.loads(emulator.tell("radio state"))), 60)


def reads(node, length, count=100):
    with node:
        reports = node.reports(count)
    sizes = {len(report) for report in reports}
    check(f"{count} reports of {length} bytes are read", len(reports) == count and sizes == {length}, (len(reports), sizes))
    return reports


# ---- the tests: each is a function, its first line says what it shows


def pairs_a_zcm2_from_a_stored_record():
    """A ZCM2 that was stored pairs when it calls, by SSP and by PIN, and sends: bluetoothd's defaults."""
    for radio, pairing, question in ((here_is, "ssp", "RequestConfirmation"), (here_is + ",no-ssp", "pin", "RequestPinCode")):
        with Emulator(f"zcm2:pair={pairing}:rate=100:motion=wave", "--radio", radio) as emulator:
            begin((here_is, zcm2, pid["zcm2"], bluez.record_declaring(43)))
            with bluez.Agent("--capability", "KeyboardDisplay" if pairing == "pin" else "NoInputNoOutput") as agent:
                check("the adapter answers calls", listens(emulator))
                emulator.tell("press")
                node = node_of(zcm2)
                if not check(f"{pairing}: one press makes a hidraw node", node, emulator.radio()):
                    continue
                state = emulator.radio()
                check("bonded and encrypted", (state["bonded"], state["encrypted"], state["refused"]) == (True, True, ""), state)
                check("of the right device, on the right adapter",
                      (node.id, node.adapter, node.name, node.driver) == ("054c:0c5e", here_is, "Motion Controller", "hid-generic"), node.facts)
                if pairing == "pin":
                    check("the agent was asked for the PIN", question in agent.output(), agent.output())
                check("bluetoothd calls it paired", eventually(lambda: bluez.device(zcm2)["Paired"], 20))
                reads(node, 44)
                emulator.tell("off")
                check("switched off, the node is gone", is_gone(zcm2))
            emulator.tell("press")
            check("bonded it comes back without an agent", node_of(zcm2), emulator.radio())


def sends_what_the_record_declares():
    """Reports shorter than the stored record declares never reach a program, longer ones do.

    44 bytes by the DualShock 3's record are silence; by one that declares 43 they come, and so do 45 and 49."""
    for declared, heard in ((48, (49,)), (43, (44, 45, 49))):
        with Emulator("zcm2:rate=100", "--radio", here_is) as emulator:
            begin((here_is, zcm2, pid["zcm2"], bluez.record_declaring(declared)))
            with bluez.Agent():
                check("the adapter answers calls", listens(emulator))
                emulator.tell("press")
                node = node_of(zcm2)
            if not check(f"declared {declared}: it has a node", node, emulator.radio()):
                continue
            with node:
                for length in (44, 45, 49):
                    emulator.tell(f"length {length}")
                    node.reports(10, 0.5)  # those on their way
                    sizes = {len(report) for report in node.reports(20, 2)}
                    check(f"{length} bytes are {'read' if length in heard else 'not'}", sizes == ({length} if length in heard else set()), sizes)
                check("features work all the same", len(node.get_feature(0x04)) == 16)


def bonds_what_was_never_stored():
    """A ZCM2 that nobody stored bonds and is asked for its record on the first press, and is there on the second."""
    with Emulator("zcm2:rate=100:record=vendor", "--radio", here_is) as emulator:
        begin()
        with bluez.Agent():
            path = bluez.adapters()[here_is]["path"]
            for name in ("Pairable", "Discoverable"):
                bluez.set_property(path, "org.bluez.Adapter1", name, True)
            check("the adapter answers calls", listens(emulator))
            emulator.tell("press")
            known = eventually(lambda: emulator.radio()["bonded"] and bluez.device(zcm2)["ServicesResolved"] and bluez.device(zcm2), 60)
            if not check("it bonds, and its services are found", known, emulator.radio()):
                return
            check("as what it is", (str(known["Name"]), str(known["Modalias"]), int(known["Class"])) ==
                  ("Motion Controller", "bluetooth:v054Cp0C5Ed0001", 0x2508), (known["Name"], known.get("Modalias"), known["Class"]))
            bluez.set_property(known["path"], "org.bluez.Device1", "Trusted", True)
            emulator.tell("off")
            eventually(lambda: not bluez.device(zcm2)["Connected"], 30)
            emulator.tell("press")
            node = node_of(zcm2)
        if check("on the second press it has a node", node, emulator.radio()):
            reads(node, 44)


def admits_a_zcm1_only_without_bonds():
    """A stored ZCM1, which makes no bond: refused by default, admitted with ClassicBondedOnly=false."""
    with Emulator("zcm1:rate=88:motion=wave", "--radio", here_is) as emulator:
        begin((here_is, zcm1, pid["zcm1"]))
        check("the adapter answers calls", listens(emulator))
        emulator.tell("press")
        check("by default it is refused", eventually(lambda: emulator.radio()["refused"], 60), emulator.radio())
        check("with the reason", "security block" in emulator.radio()["refused"] or "bond" in emulator.radio()["refused"], emulator.radio())
        check("and has no node", not on_air())
        emulator.tell("off")
        bluetoothd.stop()
        bluetoothd.configure("ClassicBondedOnly=false")
        bluetoothd.start()
        check("bluetoothd is back", bluez.is_powered(here_is) and listens(emulator))
        emulator.tell("press")
        node = node_of(zcm1)
        if not check("with ClassicBondedOnly=false it has one", node, emulator.radio()):
            return
        check("bound to hid-sony", node.driver == "sony", node.driver)
        reads(node, 49)
        with node:
            addresses = node.get_feature(0x04)
            check("feature 4: both addresses", addresses == b"\x04" + hid.address_bytes(zcm1) + b"\x08\x25\x00" + hid.address_bytes(here_is), addresses.hex())
            check("feature 5 is refused over the radio", hid.error_of(lambda: node.set_feature(b"\x05" + hid.address_bytes(other) + bytes(16))) == "EIO")
            node.write(bytes([6, 0, 255, 0, 64, 0, 128, 0, 0]))
            check("light and rumble arrive", eventually(lambda: emulator.state()["shows"] == {"red": 255, "green": 0, "blue": 64, "rumble": 128}, 10),
                  emulator.state()["shows"])
            emulator.tell("feature-delay 1000")
            began = time.monotonic()
            check("a late answer is waited for", len(node.get_feature(0x04)) == 16 and time.monotonic() - began >= 0.9)
            emulator.tell("feature-delay never")
            check("none at all is an error", hid.error_of(lambda: node.get_feature(0x04)) == "EIO")
            emulator.tell("feature-delay 0")
        check("not encrypted, as it has no key", not emulator.radio()["encrypted"])


def stores_its_host_by_cable():
    """By cable: a hidraw node without input, features 4, 5 and 10, and the same through usbfs with the driver detached."""
    for model, blocks in (("zcm1", ["00", "01", "82"]), ("zcm2", ["00", "81"])):
        with Emulator(model, "--usb", "--radio", here_is) as emulator:
            address = {"zcm1": zcm1, "zcm2": zcm2}[model]
            emulator.tell("host 02:00:00:00:00:99")
            emulator.tell("plug")
            found = eventually(lambda: hid.nodes(bus="usb"), 60)
            if not check(f"{model}: plugged in, it has a node", found):
                continue
            node = found[0]
            check("under a USB port, without a serial number",
                  "/usb" in node.path and node.address == "" and node.name == "Sony Computer Entertainment Motion Controller", (node.path, node.name))
            with node:
                check("feature 4: the host of before", node.get_feature(0x04)[-6:] == hid.address_bytes("02:00:00:00:00:99"))
                read = [node.get_feature(0x10) for _ in blocks]
                check("feature 10: the calibration in blocks", [r[1:2].hex() for r in read] == blocks and {len(r) for r in read} == {49}, [r.hex() for r in read])
                check("feature f9 comes without its id on the cable", node.get_feature(0xF9)[:2] == b"\x02\x20")
                check("an unknown feature stalls", hid.error_of(lambda: node.get_feature(0x77)) == "EPIPE")
                node.set_feature(b"\x05" + hid.address_bytes(other) + bytes(16))
                check("feature 5, and feature 4 shows it", node.get_feature(0x04) == b"\x04" + hid.address_bytes(address) + b"\x08\x25\x00" + hid.address_bytes(other))
                check("the device has it", emulator.state()["host"] == other)
                check("no input by cable", node.reports(1, 2) == [])
                node.write(bytes([6, 0, 1, 2, 3, 0, 0, 0, 0]))
                check("the light works by cable", eventually(lambda: emulator.state()["shows"]["blue"] == 3, 10), emulator.state()["shows"])
            device = hid.UsbDevice(0x054C, pid[model])
            device.detach()
            check("detached, the node is gone", eventually(lambda: not hid.nodes(bus="usb"), 30))
            device.claim()
            check("usbfs: feature 4", device.get_feature(0x04)[-6:] == hid.address_bytes(other))
            device.set_feature(b"\x05" + hid.address_bytes(here_is) + bytes(16))
            check("usbfs: feature 5", emulator.state()["host"] == here_is)
            check("usbfs: a stall", hid.error_of(lambda: device.get_feature(0x77)) == "EPIPE")
            device.release()
            device.attach()
            device.close()
            check("attached again, the node is back", eventually(lambda: hid.nodes(bus="usb"), 30))
            emulator.tell("zero-address on")
            with hid.nodes(bus="usb")[0] as node:
                check("it can hide its address", node.get_feature(0x04)[1:7] == bytes(6))
                emulator.tell("feature-length 12 04")
                check("it can answer too little", len(node.get_feature(0x04)) == 12)
                emulator.tell("feature-length right")
                emulator.tell("feature-delay 1500")
                began = time.monotonic()
                check("it can answer late", len(node.get_feature(0x04)) == 16 and time.monotonic() - began >= 1.4, time.monotonic() - began)
                emulator.tell("feature-delay never")
                check("or never", hid.error_of(lambda: node.get_feature(0x04)) == "ETIMEDOUT", hid.error_of(lambda: node.get_feature(0x04)))
            emulator.tell("feature-delay 0")
            emulator.tell("unplug")
            check("unplugged, it is gone", eventually(lambda: not hid.nodes(bus="usb"), 30))


def calls_the_host_that_the_cable_named():
    """Cable, feature 5, unplug, press: the controller calls that host and no other."""
    with Emulator("zcm1:rate=88", "--usb", "--radio", here_is, "--radio", other) as emulator:
        begin((here_is, zcm1, pid["zcm1"]), (other, zcm1, pid["zcm1"]), input_conf=["ClassicBondedOnly=false"], adapters=(here_is, other))
        for host in (other, here_is):
            emulator.tell("plug")
            with eventually(lambda: hid.nodes(bus="usb"), 60)[0] as node:
                node.set_feature(b"\x05" + hid.address_bytes(host) + bytes(16))
            check(f"{host} is stored", emulator.state()["host"] == host)
            emulator.tell("unplug")
            check("the adapter answers calls", listens(emulator, host))
            emulator.tell("press")
            node = node_of(zcm1)
            check("pressed, it is at that adapter", node and node.adapter == host, node and node.adapter)
            check("and at no other", emulator.radio()["adapter"] == host and len(on_air()) == 1)
            if host == here_is:
                emulator.tell("plug")
                check("cable and radio together are two nodes", eventually(lambda: len(hid.nodes(id="054c:03d5")) == 2, 60), [n.facts for n in hid.nodes()])
                check("which does not end the link", emulator.radio()["interrupt"])
                emulator.tell("unplug")
            emulator.tell("off")
            check("switched off, the node is gone", is_gone(zcm1))
        emulator.tell("host 02:00:00:00:00:99")
        emulator.tell("press")
        check("a host elsewhere is called in vain", eventually(lambda: "nobody answers" in emulator.radio()["refused"], 60), emulator.radio())
        check("and nobody here hears it", not on_air())


def comes_back_after_link_loss():
    """Link loss takes the node away, another press brings it back."""
    with Emulator("zcm1:rate=88", "--radio", here_is) as emulator:
        begin((here_is, zcm1, pid["zcm1"]), input_conf=["ClassicBondedOnly=false"])
        check("the adapter answers calls", listens(emulator))
        for turn in (1, 2, 3):
            emulator.tell("press")
            node = node_of(zcm1)
            if not check(f"{turn}: it is there", node, emulator.radio()):
                return
            reads(node, 49, 20)
            check("connected, says bluetoothd", eventually(lambda: bluez.device(zcm1)["Connected"], 20))
            emulator.tell("drop")
            check("link lost, the node is gone", is_gone(zcm1))
            check("not connected, says bluetoothd", eventually(lambda: not bluez.device(zcm1)["Connected"], 20))
        emulator.tell("press")
        check("there again", node_of(zcm1))
        emulator.tell("virtual-unplug")
        check("virtually unplugged, it is gone", is_gone(zcm1))


def streams_seven_on_one_adapter():
    """Seven controllers on one adapter send at once, whole; an eighth finds no place."""
    addresses = [f"00:06:f7:00:00:{n:02x}" for n in range(1, 9)]
    with Emulator("8xzcm1:motion=wave", "--radio", here_is) as emulator:
        begin(*((here_is, address, pid["zcm1"]) for address in addresses), input_conf=["ClassicBondedOnly=false"])
        check("the adapter answers calls", listens(emulator))
        for number, address in enumerate(addresses[:7], 1):
            if not check(f"{number} is there", comes(emulator, address, number), emulator.radio(number)):
                return
        emulator.tell("press 8")
        check("the eighth is told why not", "no place" in emulator.radio(8)["refused"], emulator.radio(8))
        counts, gaps = {}, {}
        nodes = [node.__enter__() for node in on_air()]
        began = time.monotonic()
        sequences = {node.address: [] for node in nodes}
        while time.monotonic() - began < 10:
            for node in nodes:
                sequences[node.address] += [report[4] & 15 for report in node.reports(64, 0.001)]
        for node in nodes:
            node.__exit__()
            numbers = sequences[node.address]
            counts[node.address] = len(numbers)
            gaps[node.address] = sum((b - a) % 16 != 1 for a, b in zip(numbers[1:], numbers[2:]))  # hid-sony had the first
        rates = sorted(round(count / 10) for count in counts.values())
        check("seven send", len(counts) == 7 and min(rates) > 40, rates)
        skipped = sum(emulator.state(n)["skipped"] for n in range(1, 8))
        check("and nothing is lost that was sent", sum(gaps.values()) == 0 or skipped > 0, (gaps, skipped))


def survives_its_adapter():
    """The adapter pulled and put back: nodes gone, then another press works; a keyboard of another maker beside it too."""
    keyboard = "02:00:00:00:00:02"
    with Emulator("zcm1:rate=88,keyboard", "--radio", here_is) as emulator:
        begin((here_is, zcm1, pid["zcm1"]), input_conf=["ClassicBondedOnly=false"])
        with bluez.Agent():
            path = bluez.adapters()[here_is]["path"]
            for name in ("Pairable", "Discoverable"):
                bluez.set_property(path, "org.bluez.Adapter1", name, True)
            check("the adapter answers calls", listens(emulator))
            emulator.tell("press 2")
            known = eventually(lambda: emulator.radio(2)["bonded"] and bluez.device(keyboard)["ServicesResolved"] and bluez.device(keyboard), 60)
            check("a keyboard bonds", known, (emulator.radio(2), bluez.device(keyboard)))
            if known:
                bluez.set_property(known["path"], "org.bluez.Device1", "Trusted", True)
            emulator.tell("off 2")
            eventually(lambda: not emulator.radio(2)["linked"], 20)
            check("and connects", comes(emulator, keyboard, 2), emulator.radio(2))
        check("a ZCM1 beside it", comes(emulator, zcm1, 1), emulator.radio(1))
        with on_air(address=keyboard)[0] as node:
            emulator.tell("2 type ab")
            typed = node.reports(4, 10)
            check("the keyboard types", [r[3] for r in typed] == [4, 0, 5, 0], [r.hex() for r in typed])
        emulator.tell("radio remove")
        check("the adapter pulled, both are gone", eventually(lambda: not on_air() and here_is not in bluez.adapters(), 60), (on_air(), list(bluez.adapters())))
        check("they say why", "adapter removed" in str(emulator.events("RADIO")[-2:]), emulator.events("RADIO")[-2:])
        emulator.tell("radio insert")
        check("put back, bluetoothd has it on", bluez.is_powered(here_is) and listens(emulator))
        for number, address in ((1, zcm1), (2, keyboard)):
            check(f"{address} is back", comes(emulator, address, number), emulator.radio(number))


def wakes_a_navigation_controller():
    """The third model: hid-sony wakes it; by cable it sends after PS was pressed."""
    navigation = "00:06:f7:00:00:01"
    with Emulator("navigation", "--usb", "--radio", here_is) as emulator:
        begin((here_is, navigation, 0x042F), input_conf=["ClassicBondedOnly=false"])
        emulator.tell("host 02:00:00:00:00:99")
        with bluez.Agent() as agent:
            emulator.tell("plug")
            check("by cable it has a node", eventually(lambda: hid.nodes(bus="usb", id="054c:042f"), 60))
            emulator.tell("press")
            with hid.nodes(bus="usb")[0] as node:
                reads_some = node.reports(10)
                check("after PS it sends", len(reads_some) == 10 and len(reads_some[0]) == 49, [r.hex() for r in reads_some[:1]])
                node.set_feature(b"\xf5\x01" + hid.address_bytes(here_is)[::-1])
            check("feature f5 stores its host", emulator.state()["host"] == here_is, emulator.state()["host"])
            emulator.tell("off")
            emulator.tell("unplug")
            check("the adapter answers calls", listens(emulator))
            emulator.tell("press")
            node = node_of(navigation)
            if check("on the air it has a node", node, emulator.radio()):
                emulator.tell("hold cross,l1")
                with node:
                    reports = node.reports(60)
                    check("hid-sony woke it, and its buttons read", reports and reports[-1][3] == 0x44, [r.hex() for r in reports[-1:]])


tests = [pairs_a_zcm2_from_a_stored_record, sends_what_the_record_declares, bonds_what_was_never_stored, admits_a_zcm1_only_without_bonds, stores_its_host_by_cable, calls_the_host_that_the_cable_named,
         comes_back_after_link_loss, streams_seven_on_one_adapter, survives_its_adapter, wakes_a_navigation_controller]

if __name__ == "__main__":
    for module in ("hci_vhci", "vhci-hcd", "bluetooth", "hidp", "rfcomm", "bnep"):
        shell("modprobe " + module)
    check("the kernel has virtual adapters and ports",
          eventually(lambda: os.path.exists("/dev/vhci") and os.path.exists("/sys/devices/platform/vhci_hcd.0/status"), 30))
    run_tests(tests, sys.argv[2:], lambda: eventually(lambda: not hid.nodes(), 30))
    check("the kernel is whole", "kernel BUG" not in shell("dmesg")[1])
    finish()
