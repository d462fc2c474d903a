"""Damage of files, configs and tables, each made of a seed."""

import copy
import random

WORDS = (
    b"avc1",
    b"mp4v",
    b"moov",
    b"mdat",
    b"stsd",
    b"trak",
    b"IHDR",
    b"IDAT",
    b"RIFF",
    b"movi",
    b"\x1aE\xdf\xa3",
    b"PAR1",
)
NASTY = (
    None,
    "",
    "x",
    -1,
    0,
    1,
    10**9,
    10**26,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    True,
    [],
    {},
    [[]],
    "\ud800",
    "a\0b",
)
NASTY += ("../..", "/etc/passwd", "x" * 5000, {"a": {"b": {}}}, [None], "9" * 5000, "é", "$(id)", "a b", "1e5", 2.5)


def damaged(data, seed):
    """Bytes of a file with one to three kinds of damage."""
    rng, changed = random.Random(seed), bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        changed = rng.choice(DAMAGE)(changed, rng) or changed
    return bytes(changed)


def _place(data, rng):
    """A place in a file, more often near its beginning or end, where its structure lies."""
    return min(len(data) - 1, max(0, rng.choice((
        rng.randrange(len(data)), int(rng.expovariate(1 / 200)), len(data) - 1 - int(rng.expovariate(1 / 200))
    )))) if data else 0  # fmt: skip


def flip(data, rng):
    for _ in range(rng.choice((1, 1, 4, 40)) if data else 0):
        data[_place(data, rng)] ^= 1 << rng.randrange(8)


def blank(data, rng):
    place, length = _place(data, rng), rng.choice((4, 16, 512, 4096))
    data[place : place + length] = rng.choice((b"\0", b"\xff")) * len(data[place : place + length])


def cut(data, rng):
    return data[: rng.choice((0, 1, 7, 100, _place(data, rng), len(data) - 1))]


def leave_out(data, rng):
    place = _place(data, rng)
    del data[place : place + rng.choice((1, 4, 64, 2048))]


def insert(data, rng):
    place = _place(data, rng)
    data[place:place] = rng.randbytes(rng.choice((1, 4, 64, 2048)))


def double(data, rng):
    place, length = _place(data, rng), rng.choice((8, 64, 2048))
    data[place:place] = data[place : place + length]


def huge_number(data, rng):
    place = _place(data, rng)
    data[place : place + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\xff\xff", b"\x80\0\0\0"))


def rename_part(data, rng):
    known = [word for word in WORDS if word in data]
    if known:
        place = data.find(rng.choice(known))
        data[place : place + 4] = rng.choice((b"zzzz", b"\0\0\0\0", rng.choice(WORDS)))


DAMAGE = (flip, flip, blank, cut, leave_out, insert, double, huge_number, rename_part)


def changed_config(config, seed):
    """A config with one to three of its values, or keys, made nasty."""
    rng, changed = random.Random(seed), copy.deepcopy(config)
    for _ in range(rng.choice((1, 1, 2, 3))):
        block = changed
        while True:
            key = rng.choice(list(block)) if isinstance(block, dict) else rng.randrange(len(block))
            inner = block[key]
            if not isinstance(inner, dict | list) or not inner or rng.random() < 0.25:
                break
            block = inner
        action = rng.random()
        if action < 0.7:
            block[key] = copy.deepcopy(rng.choice(NASTY))
        elif action < 0.8:
            block[key] = block  # it contains itself
        elif action < 0.9 and isinstance(block, dict):
            block[rng.choice(NASTY[1:12])] = 1
        else:
            del block[key]
        if not changed:
            break
    return changed


def changed_table(text, seed):
    """A CSV table as bytes, with damage to its bytes or to one of its cells."""
    rng = random.Random(seed)
    if rng.random() < 0.5:
        return damaged(text.encode(), seed)
    lines = [line.split(",") for line in text.splitlines()]
    row = rng.choice(lines)
    row[rng.randrange(len(row))] = str(rng.choice(NASTY))
    return "\n".join(",".join(cells) for cells in lines).encode("utf-8", "surrogatepass")
