import argparse
from dataclasses import dataclass

import pytest

from cmm.core.errors import UserError
from cmm.core.settings import add_flags, from_flags, schema_of, setting


@dataclass(frozen=True)
class Settings:
    count: int = setting(3, "how many", minimum=1, maximum=5)
    share: float = setting(0.5, "what share")
    kind: str = setting("a", "which kind", choices=("a", "b"))
    on: bool = setting(True, "whether")
    sizes: tuple[int, ...] = setting((1, 2), "which sizes")


def parse(*words):
    parser = argparse.ArgumentParser()
    add_flags(parser, Settings)
    return from_flags(Settings, parser.parse_args(words))


def test_defaults_and_flags():
    assert parse() == Settings()
    given = parse("--count", "5", "--on", "false", "--sizes", "4", "8", "--kind", "b")
    assert given == Settings(count=5, on=False, sizes=(4, 8), kind="b")


@pytest.mark.parametrize(("value", "words"), [("0", "too small"), ("6", "too large")])
def test_range_is_named(value, words):
    with pytest.raises(UserError, match=f"--count {value} is {words}"):
        parse("--count", value)


def test_schema_refuses_unknown_keys():
    schema = schema_of(Settings)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["count"] == {
        "description": "how many",
        "type": "integer",
        "minimum": 1,
        "maximum": 5,
    }
    assert schema["properties"]["sizes"]["items"] == {"type": "integer"}
