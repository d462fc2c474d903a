"""Declarations of methods: what they must say, and one line for each way of saying it wrong."""

import sys
from dataclasses import fields

import pytest

import cmm.methods
from cmm import commands
from cmm.commands import STAGES
from cmm.core.errors import UserError
from cmm.methods.declaration import TOLD, Method, Stage
from cmm.methods.generator import Condition
from cmm.methods.registry import METHODS, read_methods, stages_before

HEAD = "from cmm.methods.declaration import Method, Stage\n"
GOOD = (
    HEAD + "METHOD = Method('Newcomer', 'nobody', (Stage('first', ''), Stage('second', '', ('first',))), ('second',))\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A further place for methods; its modules are forgotten afterwards."""
    monkeypatch.setattr(cmm.methods, "__path__", [*cmm.methods.__path__, str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("cmm.methods.newcomer")]:
        del sys.modules[name]


def declare(folder, text, modules=("first", "second")):
    (folder / "newcomer").mkdir()
    (folder / "newcomer/method.py").write_text(text)
    for module in modules:
        (folder / f"newcomer/{module}.py").touch()


def test_every_stage_of_a_method_is_a_verb_with_a_config_block():
    for name, method in METHODS.items():
        for stage in method.stages:
            verb = STAGES[f"train_{stage.name}"]
            assert (verb.block, verb.module) == (stage.name, f"cmm.methods.{name}.{stage.name}")


def test_the_papers_methods_come_first_in_its_order(folder):
    declare(folder, GOOD)
    found = read_methods(cmm.methods.__path__)
    assert list(found)[:3] == ["video_gan", "cra_net", "cmm_net"]
    assert found["newcomer"].title == "Newcomer"


def test_a_stage_is_made_from_all_before_it():
    assert stages_before("cmm_net", "multi_mode_lstm") == {"landmark_vae", "conditional_lstm", "multi_mode_lstm"}
    assert stages_before("cmm_net", "translation") == {"translation"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "newcomer has no method.py: a method's folder holds its declaration"),
        (
            HEAD + "METHOD = Method('Newcomer')",
            "method.py cannot be read: TypeError: Method.__init__() missing 3 required",
        ),
        ("METHOD = (", "method.py cannot be read: SyntaxError: '(' was never closed"),
        (GOOD.replace("'nobody', (", "'nobody', [").replace("))), (", "))], ("), "stages is no tuple of Stage"),
        (
            GOOD.replace("('second',))\n", "('second',), honours=('speed',))\n"),
            "honours names 'speed': choose strength",
        ),
        ("METHOD = 'nothing'", "method.py: METHOD is missing, or no cmm.methods.declaration.Method"),
        (GOOD.replace("('first',)", "('third',)"), "stage 'second' starts from 'third': its stages are first, second"),
        (GOOD.replace("('second',))", "('third',))"), "weights names 'third': its stages are first, second"),
        (GOOD.replace("'first', ''", "'first', '', ('second',)"), "start from each other in a circle: "),
        (GOOD.replace("'first', ''", "'other', ''").replace("('first',)", "()"), "stage 'other' has no module"),
        (GOOD.replace("'second'", "'first'"), "stage 'first': names are letters, digits and _, each once"),
    ],
)
def test_a_wrong_declaration_is_one_line(folder, text, message):
    if text is None:
        (folder / "newcomer").mkdir()
        (folder / "newcomer/first.py").touch()
    else:
        declare(folder, text)
    with pytest.raises(UserError, match="newcomer") as error:
        read_methods([folder])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_two_methods_with_a_stage_of_one_name_are_refused(folder):
    declare(folder, GOOD.replace("first", "translation"), ("translation", "second"))
    with pytest.raises(UserError, match="stage 'translation' is one of cmm_net's"):
        read_methods([*cmm.methods.__path__[:1], folder])


@pytest.mark.parametrize("name", ["action_units", "expression_classifier", "films"])
def test_a_stage_with_the_name_of_another_is_refused(name, monkeypatch):
    """Its verb, as that of train_action_units, or its config block."""
    monkeypatch.setattr(commands, "METHODS", {"newcomer": Method("Newcomer", "nobody", (Stage(name, ""),), (name,))})
    with pytest.raises(UserError, match=f"newcomer/method.py: stage '{name}': another stage has that name"):
        commands._trained(commands.BEFORE | commands.AFTER)


def test_what_methods_can_honour_is_what_a_condition_holds():
    assert {field.name for field in fields(Condition)} == {"expression", *TOLD}
