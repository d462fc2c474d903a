import gc
import json
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import cmm
from cmm.cli import CODES, main, parse
from cmm.commands import STAGES
from cmm.core.project import CARRIED, PACKAGE, project
from cmm.workflow.run import command_of

CMM = str(Path(sys.executable).with_name("cmm"))


@pytest.mark.parametrize("verb", STAGES)
def test_every_verb_has_help_and_examples_that_its_parser_takes(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: cmm {verb}")
    lines = [line.strip() for line in re.split(r"examples?:\n", out)[-1].splitlines()]
    mine = [shlex.split(line.split("|")[0].split(">")[0], comments=True) for line in lines]
    mine = [words for words in mine if words[0] == "cmm"]
    assert verb in [words[1] for words in mine]
    for words in mine:
        assert parse(words[1], import_module(STAGES[words[1]].module), words[2:])


def test_the_version_has_the_commit(capsys):
    assert main(["--version"]) == 0
    assert re.fullmatch(rf"cmm {cmm.__version__}( \([0-9a-f]{{12}}\+?\))?\n", capsys.readouterr().out)


def test_a_verb_that_is_nearly_one_is_named(capsys):
    assert main(["genrate"]) == 2
    assert capsys.readouterr().err == "cmm: error: no verb 'genrate': did you mean 'generate'?\n"


def test_the_console_script_ends_quietly_when_nobody_reads(tmp_path):
    """As under `| head`: the reader's end of the pipe is closed before anything is written."""
    code = "import os, subprocess, sys\nread, write = os.pipe()\nos.close(read)\n"
    code += f"done = subprocess.run([{CMM!r}, 'datasets'], stdout=write, stderr=subprocess.PIPE, text=True)\n"
    code += "print(done.returncode, [line for line in done.stderr.splitlines() if '$ ' not in line])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.stdout == "141 []\n"


def test_data_sets_as_json(capsys):
    assert main(["datasets", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert {entry["name"]: entry["access"] for entry in entries}["uva_nemo"] == "licensed"


def test_run_becomes_snakemake_with_the_package_s_rules(tmp_path):
    (tmp_path / "my.yaml").touch()
    command = command_of(["-n", "--configfile", "config/demo.yaml", "my.yaml"], tmp_path)
    assert command[1:3] == ["--snakefile", str(project() / "Snakefile")]
    assert command[-4:] == ["-n", "--configfile", str(project() / "config/demo.yaml"), "my.yaml"]
    assert "--cores" in command
    (tmp_path / "config").mkdir()
    (tmp_path / "config/demo.yaml").touch()
    assert command_of(["config/demo.yaml"], tmp_path)[-1] == "config/demo.yaml", "one's own comes first"
    assert "--cores" not in command_of(["--workflow-profile", "profiles/slurm"], tmp_path)
    for words in (["-j", "3"], ["-j3"], ["--jobs", "3"]):
        assert command_of(words, tmp_path)[-2:] == ["--cores", "3"], "the profile's cores would count, all of them"
    assert command_of(["-j", "3", "-e", "slurm"], tmp_path)[-4:] == ["-j", "3", "-e", "slurm"]


def test_what_a_wheel_carries_is_there():
    assert project() == PACKAGE.parent, "a checkout has no copy inside of the package"
    assert all((project() / name).exists() for name in CARRIED)
    assert f"CARRIED = {CARRIED}".replace("'", '"') in (PACKAGE.parent / "setup.py").read_text()


def test_completion_knows_verbs_flags_and_choices(capsys):
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert "--strength" in script
    assert "train_landmark_vae" in script
    assert main(["completion", "nutshell"]) == 1


def test_overview_lists_every_verb(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(verb in out for verb in STAGES)
    assert CODES in out


def test_garbage_is_collected_while_a_stage_runs(monkeypatch):
    """It is not while libraries are loaded."""
    collects, module = [], import_module(STAGES["datasets"].module)
    monkeypatch.setattr("cmm.cli.import_module", lambda name: collects.append(gc.isenabled()) or module)
    monkeypatch.setattr(module, "main", lambda: collects.append(gc.isenabled()))
    assert main(["datasets"]) == 0
    assert collects == [False, True]


def test_unknown_verb(capsys):
    assert main(["smile"]) == 2
    assert "no verb 'smile'" in capsys.readouterr().err


def test_bad_input_is_one_line_and_exit_code_1(tmp_path, capsys):
    words = ["index_videos", "--dataset", "a", "--layout", "folder", "--root", str(tmp_path / "none")]
    assert main([*words, "--out", str(tmp_path / "index.parquet"), "--labels", str(tmp_path / "labels")]) == 1
    err = capsys.readouterr().err
    assert err == f"cmm index_videos: error: root of data set a: {tmp_path / 'none'} does not exist\n"
    assert not (tmp_path / "index.parquet").exists()


def test_value_out_of_range_is_one_line(tmp_path, capsys):
    assert main(["make_actors", "--out", str(tmp_path / "a"), "--people", "3"]) == 1
    assert capsys.readouterr().err == "cmm make_actors: error: --people 3 is too small: the least is 10\n"


def test_one_path_under_two_flags_is_refused(tmp_path, capsys):
    words = ["find_smiles", "--videos", "a", "--tracks", str(tmp_path / "t"), "--out", str(tmp_path / "t")]
    assert main([*words, "--labels", "l", "--tsv", "s"]) == 1
    assert "--out and --tracks both name" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_numbers_that_are_not_finite_are_refused(value, capsys):
    words = ["find_smiles", "--videos", "a", "--tracks", "b", "--labels", "l", "--out", "c", "--tsv", "d"]
    assert main([*words, "--smoothing", value]) == 1
    assert f"--smoothing {value} is not a finite number" in capsys.readouterr().err


@pytest.mark.parametrize(("flag", "value"), [("--threads", "0"), ("--seed", "-1")])
def test_impossible_numbers_are_refused(flag, value, capsys):
    words = ["train_translation", "--smiles", "a", "--fold", "1", "--out", "b", "--losses", "c", "--state", "d"]
    assert main([*words, flag, value]) == 1
    assert f"{flag} {value} is too small" in capsys.readouterr().err


def test_a_mistyped_flag_or_config_gets_a_suggestion(capsys, tmp_path, monkeypatch):
    with pytest.raises(SystemExit):
        main(["generate", "me.jpg", "--strenght", "1.2"])
    assert "unrecognized arguments: --strenght 1.2: did you mean --strength?" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert main(["run", "-n", "--configfile", "config/demo.yamml"]) == 1
    assert "config/demo.yamml does not exist: did you mean config/demo.yaml?" in capsys.readouterr().err


def test_one_path_for_two_is_refused_by_the_names_that_help_shows(capsys, tmp_path):
    path = str(tmp_path / "me.jpg")
    assert main(["generate", path, "--out", path]) == 1
    assert f"--out and IMAGE both name {path}" in capsys.readouterr().err


def test_the_package_lists_what_it_has():
    assert {"load", "Smiler", "Smiles", "UserError"} <= set(dir(cmm))
