"""Checkpoint files taken apart and put together again (docs/checkpoint.md), for copies
under new versions and for damage with hashes that are right."""
import hashlib
import json
import os
import random
import struct

ZEROS = "0" * 64


def read(path):
    """(header, tensor bytes)"""
    data = path.read_bytes()
    length = struct.unpack_from("<Q", data)[0]
    return json.loads(data[8:8 + length]), data[8 + length:]


def join(header, tensors, rehash=True):
    """The bytes of a file; rehash: both hashes are made right."""
    meta = header["__metadata__"]
    if rehash:
        meta["sha256"] = hashlib.sha256(tensors).hexdigest()
        meta["header_sha256"] = ZEROS
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if rehash:
        digest = hashlib.sha256(text).hexdigest().encode()
        text = text.replace(f'"header_sha256":"{ZEROS}"'.encode(),
                            b'"header_sha256":"' + digest + b'"')
    return struct.pack("<Q", len(text)) + text + tensors


def write(path, data):
    """As the trainer does: complete or not at all."""
    new = path.with_suffix(".tmp")
    new.write_bytes(data)
    os.replace(new, path)


def copy(path, version):
    """The same model under another version, beside it."""
    header, tensors = read(path)
    header["__metadata__"]["version"] = version
    write(path.with_name(version + ".safetensors"), join(header, tensors))


def publish(folder, version):
    new = folder / "current.new"
    new.write_text(version + "\n")
    os.replace(new, folder / "current")


# Damage: each takes the bytes of a good file and its version, and gives bytes that no
# server may take.

def _truncated(data, rng):
    return data[:rng.randrange(len(data))]


def _bit_flipped(data, rng):
    damaged = bytearray(data)
    damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _longer(data, rng):
    return data + rng.randbytes(rng.randint(1, 1000))


def _noise(data, rng):
    return rng.randbytes(rng.randint(0, 5000))


def _length_lies(data, rng):
    return struct.pack("<Q", rng.choice([0, 1, 1 << 31, 1 << 63, (1 << 64) - 1])) + data[8:]


def _not_finite(data, rng):
    header, tensors = _split(data)
    start, end = header[rng.choice(_weights(header))]["data_offsets"]
    at = rng.randrange(start, end, 4)
    bad = struct.pack("<f", rng.choice([float("nan"), float("inf"), -3e38]))
    return join(header, tensors[:at] + bad + tensors[at + 4:])


def _other_weights(data, rng):
    """Finite, hashes right: only the canary can tell."""
    header, tensors = _split(data)
    start, end = header["item"]["data_offsets"]
    noise = struct.pack(f"<{(end - start) // 4}f",
                        *(rng.gauss(0, 1) for _ in range((end - start) // 4)))
    return join(header, tensors[:start] + noise + tensors[end:])


def _shape_lies(data, rng):
    header, tensors = _split(data)
    header[rng.choice(_weights(header))]["shape"][0] += rng.choice([-1, 1, 1 << 40])
    return join(header, tensors)


def _offsets_lie(data, rng):
    header, tensors = _split(data)
    header[rng.choice(_weights(header))]["data_offsets"][rng.randrange(2)] += rng.choice(
        [-4, 4, 1 << 62])
    return join(header, tensors)


def _tensor_missing(data, rng):
    header, tensors = _split(data)
    del header[rng.choice(_weights(header))]
    return join(header, tensors)


def _foreign(data, rng):
    header, tensors = _split(data)
    header["__metadata__"] = {"format": "pt"}
    return join(header, tensors, rehash=False)


def _items_twice(data, rng):
    header, tensors = _split(data)
    start, _ = header["item_ids"]["data_offsets"]
    return join(header, tensors[:start] + tensors[start + 8:start + 16]
                + tensors[start + 8:])


def _under_another_name(data, rng):
    return data  # its metadata says another version than the file's name


def _split(data):
    length = struct.unpack_from("<Q", data)[0]
    return json.loads(data[8:8 + length]), data[8 + length:]


def _weights(header):
    return [name for name in header if name != "__metadata__"
            and header[name]["dtype"] == "F32"]


DAMAGE = [_truncated, _bit_flipped, _longer, _noise, _length_lies, _not_finite,
          _other_weights, _shape_lies, _offsets_lie, _tensor_missing, _foreign,
          _items_twice, _under_another_name]


def damaged(data, number, rng=random):
    """(what was done, bytes): kinds take turns."""
    kind = DAMAGE[number % len(DAMAGE)]
    return kind.__name__.strip("_").replace("_", " "), kind(data, rng)


def place_odd_file(path, kind):
    """Something at a checkpoint's path that is no regular file."""
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "endless device":
        path.symlink_to("/dev/zero")
    elif kind == "dangling link":
        path.symlink_to("/nonexistent")
    elif kind == "empty":
        path.write_bytes(b"")
    else:
        assert kind == "missing"


ODD_FILES = ["fifo", "folder", "endless device", "dangling link", "empty", "missing"]
