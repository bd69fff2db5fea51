"""CBOR (RFC 8949) as far as JSON reaches: enough to talk to the daemon, and none of its code."""

import struct

FLOATS = {25: ">e", 26: ">f", 27: ">d"}
SIMPLE = {20: False, 21: True, 22: None}


def encode(value):
    if value is None or value is True or value is False:
        return bytes([0xF6 if value is None else 0xF5 if value else 0xF4])
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encode, value))
    return _head(5, len(value)) + b"".join(encode(key) + encode(one) for key, one in value.items())


def _head(major, number):
    for info, form in ((24, "B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | info]) + struct.pack(form, number)
    raise ValueError(number)


def decode(data):
    value, rest = _item(memoryview(data))
    if rest:
        raise ValueError("something follows")
    return value


def _item(data):
    major, info = data[0] >> 5, data[0] & 31
    data = data[1:]
    if major == 7 and info in SIMPLE:
        return SIMPLE[info], data
    if major == 7:
        size = struct.calcsize(FLOATS[info])
        return struct.unpack(FLOATS[info], data[:size])[0], data[size:]
    if info >= 24:
        size = 1 << info - 24
        info, data = int.from_bytes(data[:size], "big"), data[size:]
    if major < 2:
        return (info if major == 0 else -1 - info), data
    if major == 3:
        return bytes(data[:info]).decode(), data[info:]
    items = []
    for _ in range(info if major == 4 else 2 * info):
        value, data = _item(data)
        items.append(value)
    if major == 4:
        return items, data
    members = dict(zip(items[::2], items[1::2]))
    if len(members) != info:
        raise ValueError("a key is there twice")
    return members, data
