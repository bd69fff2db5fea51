"""bluetoothd in the guest: its configuration, what it stores about a device, what it says over D-Bus. Needs python3-dbus;
an Agent needs python3-gi too."""

import os
import shutil
import sys

import dbus

from checks import Process, eventually, shell

here = os.path.dirname(os.path.abspath(__file__))
storage = "/var/lib/bluetooth"

# The record that cable-pairing tools store for a Move; its descriptor declares 48 bytes of input.
ds3_record = (
    "3601920900000a000100000900013503191124090004350d35061901000900113503190011090006350909656e09006a"
    "0901000900093508350619112409010009000d350f350d350619010009001335031900110901002513576972656c6573"
    "7320436f6e74726f6c6c65720901012513576972656c65737320436f6e74726f6c6c6572090102251b536f6e7920436f"
    "6d707574657220456e7465727461696e6d656e7409020009010009020109010009020208000902030821090204280109"
    "02052801090206359a35980822259405010904a101a102850175089501150026ff008103750195131500250135004501"
    "05091901291381027501950d0600ff8103150026ff0005010901a10075089504350046ff0009300931093209358102c0"
    "050175089527090181027508953009019102750895300901b102c0a1028502750895300901b102c0a10285ee75089530"
    "0901b102c0a10285ef750895300901b102c0c0090207350835060904090901000902082800090209280109020a280109"
    "020b09010009020c093e8009020d280009020e2800")


def record_declaring(payload):
    """That record for so many bytes of input after the id: the block of vendor bytes in it shrinks."""
    block = "050175089527090181"
    return ds3_record.replace(block, block.replace("27", f"{payload - 9:02x}"))


def has_systemd():
    return os.path.isdir("/run/systemd/system")


class Bluetoothd:
    """The daemon of this guest: systemd's service, or without systemd a process of ours."""

    def __init__(self):
        self.process = None
        if not has_systemd() and not os.path.exists("/run/dbus/system_bus_socket"):
            os.makedirs("/run/dbus", exist_ok=True)
            shell("dbus-daemon --system --fork --nopidfile")

    def start(self):
        if has_systemd():
            shell("systemctl reset-failed bluetooth; systemctl start bluetooth")
        else:
            self.process = Process(["/usr/libexec/bluetooth/bluetoothd", "-n", "-d"], "/tmp/bluetoothd.log")

    def stop(self):
        if has_systemd():
            shell("systemctl stop bluetooth")
        elif self.process:
            self.process.stop()
            self.process = None

    def begin_anew(self, *input_conf):
        """Forgets every device and starts with these lines in input.conf."""
        self.stop()
        for name in os.listdir(storage) if os.path.isdir(storage) else []:
            shutil.rmtree(f"{storage}/{name}", ignore_errors=True)
        self.configure(*input_conf)
        self.start()

    def configure(self, *input_conf):
        os.makedirs("/etc/bluetooth", exist_ok=True)
        with open("/etc/bluetooth/input.conf", "w") as file:
            file.write("\n".join(["[General]", *input_conf]) + "\n")

    def restart(self):
        self.stop()
        self.start()

    def log(self):
        if has_systemd():
            return shell("journalctl -b --no-pager -u bluetooth")[1]
        return self.process.output() if self.process else ""


def store(adapter, device, product, record=None, key=None):
    """What a cable-pairing tool leaves for bluetoothd, which must not run meanwhile and reads it at its start."""
    base = f"{storage}/{adapter.upper()}"
    os.makedirs(f"{base}/{device.upper()}", exist_ok=True)
    os.makedirs(base + "/cache", exist_ok=True)
    bond = f"\n[LinkKey]\nKey={key.upper()}\nType=4\nPINLength=0\n" if key else ""
    with open(f"{base}/{device.upper()}/info", "w") as file:
        file.write("[General]\nName=Motion Controller\nClass=0x002508\nSupportedTechnologies=BR/EDR;\nTrusted=true\n"
                   "Blocked=false\nServices=00001124-0000-1000-8000-00805f9b34fb;\n\n"
                   f"[DeviceID]\nSource=1\nVendor=1356\nProduct={product}\nVersion=1\n{bond}")
    with open(f"{base}/cache/{device.upper()}", "w") as file:
        file.write(f"[General]\nName=Motion Controller\n\n[ServiceRecords]\n0x00010000={(record or ds3_record).upper()}\n")


def objects():
    """Everything that bluetoothd shows: path -> interface -> property -> value"""
    manager = dbus.Interface(dbus.SystemBus().get_object("org.bluez", "/"), "org.freedesktop.DBus.ObjectManager")
    return manager.GetManagedObjects()


def adapters():
    """-> address in lower case -> its properties, with `path` added"""
    try:
        return {str(i["org.bluez.Adapter1"]["Address"]).lower(): {**i["org.bluez.Adapter1"], "path": str(path)}
                for path, i in objects().items() if "org.bluez.Adapter1" in i}
    except dbus.DBusException:
        return {}


def device(address):
    """The properties of a device, with `path` added; None if bluetoothd does not know it"""
    try:
        for path, interfaces in objects().items():
            properties = interfaces.get("org.bluez.Device1")
            if properties and properties["Address"].lower() == address:
                return {**properties, "path": str(path)}
    except dbus.DBusException:
        pass
    return None


def is_powered(*addresses):
    """Waits until every one of these adapters is there and on."""
    return eventually(lambda: all(adapters()[address]["Powered"] for address in addresses), 90)


def set_property(path, interface, name, value, seconds=30):
    """Sets it as soon as bluetoothd takes it: beside a change that is still under way, as after rfkill, it refuses."""
    passing = tuple(f"org.bluez.Error.{why}" for why in ("Blocked", "Busy", "InProgress", "NotReady"))
    refusal = None

    def is_taken():
        nonlocal refusal
        properties = dbus.Interface(dbus.SystemBus().get_object("org.bluez", path), "org.freedesktop.DBus.Properties")
        try:
            properties.Set(interface, name, value)
        except dbus.DBusException as error:
            if error.get_dbus_name() not in passing:
                raise
            refusal = error
            return False
        return True
    if not eventually(is_taken, seconds):
        raise refusal


def call(path, interface, method, *arguments, timeout=60):
    return getattr(dbus.Interface(dbus.SystemBus().get_object("org.bluez", path), interface), method)(*arguments, timeout=timeout)


class Agent(Process):
    """agent.py beside this file, as long as the `with` lasts."""

    runs = 0

    def __init__(self, *options):
        Agent.runs += 1
        super().__init__([sys.executable, f"{here}/agent.py", *options], f"/tmp/agent-{Agent.runs}.log")
        if not self.says("ready", 60):
            raise RuntimeError("the agent did not start: " + self.output())
