"""What a program does with a controller below any library: hidraw nodes, and USB devices through usbfs. Standard
library only."""

import ctypes
import errno
import fcntl
import os
import select
import struct
import time


def ioc(direction, kind, number, size):
    return direction << 30 | size << 16 | ord(kind) << 8 | number


class Hidraw:
    """One /dev/hidrawN."""

    def __init__(self, node):
        self.node = node
        device = f"/sys/class/hidraw/{os.path.basename(node)}/device"
        with open(device + "/uevent") as file:
            self.facts = dict(line.rstrip("\n").split("=", 1) for line in file)
        bus, vendor, product = (int(part, 16) for part in self.facts["HID_ID"].split(":"))
        self.bus = {3: "usb", 5: "bluetooth"}.get(bus, bus)
        self.id = f"{vendor:04x}:{product:04x}"
        self.address, self.adapter, self.name = (self.facts["HID_" + key] for key in ("UNIQ", "PHYS", "NAME"))
        self.path = os.path.realpath(device)
        self.driver = os.path.basename(os.path.realpath(device + "/driver"))
        self.file = None

    def __enter__(self):
        self.file = os.open(self.node, os.O_RDWR | os.O_NONBLOCK)
        return self

    def __exit__(self, *_):
        os.close(self.file)

    def get_feature(self, report, size=64):
        buffer = bytearray(size)
        buffer[0] = report
        length = fcntl.ioctl(self.file, ioc(3, "H", 0x07, size), buffer)
        return bytes(buffer[:length])

    def set_feature(self, report):
        return fcntl.ioctl(self.file, ioc(3, "H", 0x06, len(report)), bytearray(report))

    def write(self, report):
        return os.write(self.file, report)

    def reports(self, count, seconds=30):
        """Up to so many reports, fewer when the time is up."""
        got, end = [], time.monotonic() + seconds
        while len(got) < count and (left := end - time.monotonic()) > 0:
            if not select.select([self.file], [], [], left)[0]:
                break
            try:
                got.append(os.read(self.file, 4096))
            except BlockingIOError:
                continue
        return got


def nodes(**wanted):
    """All hidraw nodes whose facts are as wanted: nodes(bus="bluetooth", address="00:06:f7:00:00:01")"""
    found = []
    for name in sorted(os.listdir("/sys/class/hidraw")) if os.path.isdir("/sys/class/hidraw") else []:
        try:
            node = Hidraw("/dev/" + name)
        except (OSError, KeyError):  # it has just gone
            continue
        if os.path.exists(node.node) and all(getattr(node, key) == value for key, value in wanted.items()):
            found.append(node)
    return found


def error_of(call):
    """The name of the error that a call ends with, such as EIO; None for none"""
    try:
        call()
    except OSError as problem:
        return errno.errorcode.get(problem.errno, problem.errno)
    return None


class UsbDevice:
    """A device through usbfs, as libusb handles one: its kernel driver detached, its interface claimed."""

    def __init__(self, vendor, product):
        self.file = None
        for name in os.listdir("/sys/bus/usb/devices"):
            try:
                numbers = [self.read(name, what) for what in ("idVendor", "idProduct", "busnum", "devnum")]
            except OSError:
                continue
            if (int(numbers[0], 16), int(numbers[1], 16)) == (vendor, product):
                self.serial = os.path.exists(f"/sys/bus/usb/devices/{name}/serial")
                self.file = os.open(f"/dev/bus/usb/{int(numbers[2]):03}/{int(numbers[3]):03}", os.O_RDWR)
                return
        raise FileNotFoundError(f"no USB device {vendor:04x}:{product:04x}")

    @staticmethod
    def read(name, what):
        with open(f"/sys/bus/usb/devices/{name}/{what}") as file:
            return file.read().strip()

    def close(self):
        os.close(self.file)

    def driver(self, number):
        fcntl.ioctl(self.file, ioc(3, "U", 18, 16), bytearray(struct.pack("=iiQ", 0, ioc(0, "U", number, 0), 0)))

    def detach(self):
        self.driver(22)

    def attach(self):
        self.driver(23)

    def claim(self):
        fcntl.ioctl(self.file, ioc(2, "U", 15, 4), bytearray(4))

    def release(self):
        fcntl.ioctl(self.file, ioc(2, "U", 16, 4), bytearray(4))

    def control(self, request_type, request, value, data, timeout_ms=5000):
        buffer = ctypes.create_string_buffer(bytes(data), len(data))
        transfer = struct.pack("=BBHHHIIQ", request_type, request, value, 0, len(data), timeout_ms, 0, ctypes.addressof(buffer))
        length = fcntl.ioctl(self.file, ioc(3, "U", 0, len(transfer)), bytearray(transfer))
        return buffer.raw[:length]

    def get_feature(self, report, size=64):
        return self.control(0xA1, 1, 0x300 | report, bytes(size))

    def set_feature(self, report):
        return self.control(0x21, 9, 0x300 | report[0], report)


def address_bytes(text):
    """As feature reports 4 and 5 have an address: last octet first"""
    return bytes.fromhex(text.replace(":", ""))[::-1]
