"""Damaged copies of files, and what becomes of them."""

from cmm.core.errors import UserError


def flipped(data, rng):
    """Bytes with one bit flipped."""
    changed = bytearray(data)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def outcome(function, *words):
    """("right", what the function returns) or ("line", the message of its UserError); any other exception is one."""
    try:
        return "right", function(*words)
    except UserError as error:
        return "line", str(error)


def refused_flips(path, read, times, rng):
    """How many of the file's copies with a flipped bit `read()` refuses; the others must read as the file itself.

    Each refusal is one line that names the file.
    """
    before, data, refused = read(), path.read_bytes(), 0
    for _ in range(times):
        path.write_bytes(flipped(data, rng))
        kind, said = outcome(read)
        if kind == "line":
            refused += 1
            assert str(path) in said
            assert "\n" not in said
        else:
            assert said == before
    path.write_bytes(data)
    return refused
