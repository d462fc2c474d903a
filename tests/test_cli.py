import pytest

from cmm.cli import main
from cmm.commands import STAGES


@pytest.mark.parametrize("verb", STAGES)
def test_every_stage_is_a_command_with_help(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    assert f"python -m cmm {verb}" in capsys.readouterr().out


def test_overview_lists_every_verb(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(verb in out for verb in STAGES)


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
