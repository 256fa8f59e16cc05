"""Protobuf as bytes, as far as the checks need it. By hand: nothing is generated, and nothing shared with the server."""


def varint(value):
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def encode(fields):
    """A message from values by field number: int, str, bytes, dict for a message, list for a repeated field."""
    data = b""
    for number, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int):
                data += varint(number << 3) + varint(one)
                continue
            content = encode(one) if isinstance(one, dict) else one.encode() if isinstance(one, str) else one
            data += varint(number << 3 | 2) + varint(len(content)) + content
    return data


def decode(data):
    """All values of a message by field number: ints, and bytes for everything that has a length."""
    fields, at = {}, 0

    def read_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        number, kind = divmod(read_varint(), 8)
        if kind == 0:
            value = read_varint()
        else:
            size = {1: lambda: 8, 2: read_varint, 5: lambda: 4}[kind]()
            value, at = data[at : at + size], at + size
        fields.setdefault(number, []).append(value)
    return fields


def first(data, *numbers):
    """The first value at a path of field numbers, through messages in messages; None where there is none."""
    for number in numbers:
        values = decode(data).get(number)
        if values is None:
            return None
        data = values[0]
    return data
