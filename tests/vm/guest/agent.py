#!/usr/bin/python3
"""Answers bluetoothd's questions about pairing, and writes down what it sees on D-Bus, one line each.

usage: agent.py [--capability NoInputNoOutput] [--pin 0000] [--refuse]     in the background; "ready" is its first line"""

import argparse

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

parser = argparse.ArgumentParser()
parser.add_argument("--capability", default="NoInputNoOutput")
parser.add_argument("--pin", default="0000")
parser.add_argument("--refuse", action="store_true")
options = parser.parse_args()


def say(*words):
    print(*words, flush=True)


class Refused(dbus.DBusException):
    _dbus_error_name = "org.bluez.Error.Rejected"


def asked(what, device):
    say(what, device[-17:].replace("_", ":").lower())
    if options.refuse:
        raise Refused()


class Agent(dbus.service.Object):
    interface = "org.bluez.Agent1"

    @dbus.service.method(interface, in_signature="", out_signature="")
    def Release(self):
        say("Release")

    @dbus.service.method(interface, in_signature="o", out_signature="s")
    def RequestPinCode(self, device):
        asked("RequestPinCode", device)
        return options.pin

    @dbus.service.method(interface, in_signature="ou", out_signature="")
    def RequestConfirmation(self, device, number):
        asked("RequestConfirmation", device)

    @dbus.service.method(interface, in_signature="o", out_signature="")
    def RequestAuthorization(self, device):
        asked("RequestAuthorization", device)

    @dbus.service.method(interface, in_signature="os", out_signature="")
    def AuthorizeService(self, device, service):
        asked("AuthorizeService", device)

    @dbus.service.method(interface, in_signature="", out_signature="")
    def Cancel(self):
        say("Cancel")


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
agent = Agent(bus, "/test/agent")
manager = dbus.Interface(bus.get_object("org.bluez", "/org/bluez"), "org.bluez.AgentManager1")
manager.RegisterAgent("/test/agent", options.capability)
manager.RequestDefaultAgent("/test/agent")
say("ready")
GLib.MainLoop().run()
