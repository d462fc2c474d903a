import dataclasses
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from cmm.core.errors import UserError
from cmm.core.records import dataset_of, read_record
from cmm.datasets.registry import main, registry
from cmm.methods.registry import inside_of
from cmm.workflow.config import flags, validate
from cmm.workflow.describe_config import MARK, keys_text, schema_text
from cmm.workflow.missing import missing_data
from cmm.workflow.schema import blocks, config_schema

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())


def endless():
    """What an alias that contains itself is in YAML."""
    block = {}
    block["epochs"] = block
    return block


def test_config_file_holds_every_default(config):
    for name, settings in blocks().items():
        assert config[name] == {field.name: field.default for field in dataclasses.fields(settings)}, name


def test_written_schema_and_readme_are_current():
    assert (ROOT / "workflow/schemas/config.schema.yaml").read_text() == schema_text(), "run make schema"
    assert (ROOT / "config/README.md").read_text().split(MARK)[1].strip() == keys_text().strip(), "run make schema"


@pytest.mark.parametrize(
    "overlay",
    [
        "config/config.yaml",
        "config/demo.yaml",
        "config/test.yaml",
        "config/london.yaml",
        "config/compare.yaml",
        "config/search.yaml",
        "config/modes.yaml",
        "config/paper.yaml",
        "config/mesh.yaml",
        "config/pilot.yaml",
    ]
    + ["config/ablations.yaml", "config/beyond.yaml", "tests/clips/clips.yaml"],
)
def test_overlays_are_valid(config, overlay):
    update_config(config, yaml.safe_load((ROOT / overlay).read_text()))
    validate(config, config_schema())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "config: unknown key colour"),
        ({"landmark_vae": {"epoch": 3}}, "config: unknown key landmark_vae.epoch"),
        ({"landmark_vae": {"epochs": 0}}, "config: landmark_vae.epochs: 0 is less than the minimum of 1"),
        ({"landmark_vae": {"epochs": "many"}}, "config: landmark_vae.epochs: 'many' is not of type 'integer'"),
        ({"landmark_vae": {"epochs": 10**26}}, "config: landmark_vae.epochs: 100000000000000000000000000 is greater"),
        ({"folds": []}, "config: folds: "),
        (
            {
                "sources": {"a": {"layout": "disfa", "root": "x", "reserved": [2], "together": [1, 2]}},
                "datasets": ["a"],
            },
            "config: sources.a: fold 2 is reserved, and cannot be held out together",
        ),
        ({"sources": {"a": {"layout": "disfa", "root": "x", "folds": []}}}, "config: sources.a.folds: "),
        ({"folds": [11]}, "config: folds: 11 of actors is no fold: a uva_nemo data set has 10"),
        ({"folds": [int("9" * 4000)]}, "config: folds.0: "),
        (
            {"sources": {"actors": {"layout": "uva_nemo", "root": "x", "reserved": [10]}}},
            "config: folds: 10 of actors is reserved: name another",
        ),
        (
            {"sources": {"actors": {"layout": "uva_nemo", "root": "x", "reserved": [*range(1, 10)]}}},
            "config: sources.actors: nobody is left to learn from where fold 10 is held out",
        ),
        (
            {"sources": {"actors": {"layout": "uva_nemo", "root": "x", "together": [*range(1, 11)]}}, "folds": [1]},
            "config: sources.actors: nobody is left to learn from where fold 1 is held out",
        ),
        (
            {
                "datasets": ["a"],
                "folds": [6],
                "sources": {
                    "a": {"layout": "uva_nemo", "root": "x"},
                    "actors": {"layout": "uva_nemo", "root": "x", "together": [5, 6]},
                },
                "tracks": {"action_units": "trained"},
            },
            "config: folds: 6 of actors is held out together with 5: name that",
        ),
        (
            {"sources": {"a": {"layout": "disfa", "root": "x", "together": [1, 3]}}, "datasets": ["a"], "folds": [3]},
            "config: folds: 3 of a is held out together with 1: name that",
        ),
        (
            {"sources": {"a": {"layout": "disfa", "root": "x", "folds": [4]}}, "datasets": ["a"]},
            "config: sources.a.folds: 4 is no fold",
        ),
        ({"landmark_vae": endless()}, "config: landmark_vae.epochs.epochs: contains itself, or is nested"),
        ({"datasets": ["nobody"]}, "config: datasets names 'nobody', which is no key of sources"),
        ({"sources": {"a": {"layout": "zip", "root": "x"}}}, "config: sources.a.layout: 'zip' is not one of"),
        ({"sources": {"a": {"layout": "folder"}}}, "config: key sources.a.root is missing"),
        ({"sources": {"a": {"layout": "folder", "root": "x"}}, "datasets": ["a"]}, "config: key sources.a.table is"),
        ({"sources": {5: {}}}, "config: sources.5: keys are text; put 5 in quotes"),
        ({"smiles": {"smoothing": float("nan")}}, "config: smiles.smoothing: nan is not a finite number"),
        (
            {"tracks": {"backend": "dlib", "action_units": "proxies"}},
            "config: tracks.backend: dlib gives no",
        ),
        (
            {"tracks": {"backend": "dlib", "action_units": "trained"}},
            "config: tracks.action_units: trained needs",
        ),
        (
            {
                "tracks": {"backend": "dlib", "action_units": "trained"},
                "action_units": {"backend": "dlib"},
                "methods": ["cmm_net", "cmm_mesh"],
            },
            "config: methods: cmm_mesh needs a mesh of the face, which tracks.backend: dlib does not give",
        ),
        ({"tracks": {"backend": "openface", "action_units": "trained"}}, "config: tracks.action_units: trained needs"),
        ({"action_units": {"dataset": "nobody"}}, "config: action_units.dataset: 'nobody' is no key of sources"),
        (
            {
                "methods": ["cra_net"],
                "main_method": "cra_net",
                "ablations": {"cmm_net": {"one": {"translation": {"epochs": 1}}}},
            },
            "config: ablations.cmm_net are of a method that is not among methods",
        ),
        ({"pretrained": ["cra_net"]}, "config: pretrained.0: 'cra_net' is not one of ['cmm_mesh']"),
        ({"folds": [2.0]}, "config: folds.0: 2.0 is not of type 'integer'"),
        ({"sources": {"../a": {"layout": "folder", "root": "x"}}}, "config: unknown key sources.../a"),
    ],
)
def test_mistakes_are_named(config, change, message):
    mistaken = {**config, **change}
    for block in ("tracks", "action_units"):
        mistaken[block] = config[block] | change.get(block, {})
    with pytest.raises(UserError) as error:
        validate(mistaken, config_schema())
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_table_that_is_not_there_is_said_before_the_run(config, tmp_path):
    config["datasets"] = ["mine"]
    config["sources"]["mine"] = {"layout": "folder", "root": str(tmp_path), "table": str(tmp_path / "a.csv")}
    [line] = missing_data(config)
    assert line.endswith("a.csv does not exist: set sources.mine.table.")


def test_expressions_that_the_weights_inside_do_not_know_are_said_before_the_run(config, tmp_path):
    table = tmp_path / "a.csv"
    config |= {"datasets": ["mine"], "methods": ["cmm_net", "cmm_mesh"], "pretrained": ["cmm_mesh"], "folds": [1]}
    config["sources"]["mine"] = {"layout": "folder", "root": str(tmp_path), "table": str(table)}
    table.write_text("file,subject,expression\na.mp4,anna,smile\nb.mp4,ben,posed\n")
    [line] = missing_data(config)
    assert line.startswith(
        "data set mine: the weights of cmm_mesh in the package know posed and spontaneous, not smile"
    )
    table.write_text("file,subject,expression\na.mp4,anna,spontaneous\nb.mp4,ben,posed\n")
    assert missing_data(config) == []
    table.write_text("file,subject,expression\na.mp4,anna,spontaneous\nb.mp4,ben,\nc.mp4,cleo,Posed\n,dora,smile\n")
    assert missing_data(config) == [], "rows that cannot be used are said by index_videos"


def test_expressions_of_a_layout_are_known_before_its_files_are_listed(config, tmp_path):
    config |= {"datasets": ["celebv_hq"], "methods": ["cmm_net", "cmm_mesh"], "pretrained": ["cmm_mesh"]}
    config["sources"]["celebv_hq"] |= {"root": str(tmp_path), "accept_license": True}
    [line] = missing_data(config)
    assert line.endswith("in the package know posed and spontaneous, not smile: leave cmm_mesh out of pretrained.")


@pytest.mark.parametrize("name", ["london", "same_videos"])
def test_weights_inside_do_not_score_people_whom_they_learned_from(config, name):
    config |= {"datasets": [name], "methods": ["cmm_net", "cmm_mesh"], "pretrained": ["cmm_mesh"], "folds": [10]}
    config["sources"]["same_videos"] = dict(config["sources"]["london"])
    assert missing_data(config, made=[name]) == []
    for change in ({"folds": [8]}, {"folds": [10, 8]}, {"together": [10, 9]}):
        source = config["sources"][name] | change
        changed = config | {"sources": config["sources"] | {name: source}}
        if "together" in change:
            changed["folds"] = [9]
        [line] = missing_data(changed, made=[name])
        assert "learned from the people of all folds but 10, which alone can be held out" in line
    record = read_record(inside_of("cmm_mesh")[0])
    assert record["fold"] == 10
    assert dataset_of(record) == "london"


def test_a_judge_does_not_know_the_people_of_another_name_of_its_data_set(config):
    config |= {"datasets": ["disfa_pair"]}
    config["sources"] = {name: source | {"accept_license": True} for name, source in config["sources"].items()}
    config["action_units"] = config["action_units"] | {"dataset": "disfa"}
    config["motion"] = config["motion"] | {"action_units": "trained"}
    with pytest.raises(UserError, match="disfa_pair has the videos of disfa: set action_units"):
        validate(config, config_schema())


def test_a_fold_that_nobody_is_in_is_said_before_the_run(config, tmp_path):
    table = tmp_path / "a.csv"
    config["datasets"] = ["mine"]
    config["sources"]["mine"] = {"layout": "folder", "root": str(tmp_path), "table": str(table)}
    table.write_text("file,subject,expression\na.mp4,anna,posed\nb.mp4,ben,posed\n")
    [line] = missing_data(config)
    assert line.startswith("data set mine: nobody is in fold 10, which is to be held out: there are folds 1, 2: set")
    config["sources"]["mine"]["folds"] = [2]
    assert missing_data(config) == []


def test_a_licensed_data_set_must_be_there_and_agreed_to(config, tmp_path):
    config["datasets"] = ["uva_nemo", "my_copy", "mine"]
    there = {"layout": "uva_nemo", "root": str(tmp_path)}
    config["sources"] |= {"my_copy": there, "mine": {"layout": "folder", "root": str(tmp_path), "table": __file__}}
    lines = missing_data(config)
    assert len(lines) == 2, "one's own videos need no licence of anybody's"
    assert lines[0].startswith(
        "data set uva_nemo: its root data/uva_nemo does not exist. 1240 videos of 400 people, by"
    )
    assert "https://www.uva-nemo.org" in lines[0]
    assert lines[1].endswith("set sources.my_copy.accept_license: true (false or missing now).")
    config["sources"]["my_copy"]["accept_license"] = True
    assert len(missing_data(config)) == 1


def test_the_data_set_that_action_units_learn_from_must_be_there_too(config):
    config["action_units"]["dataset"] = "disfa"
    assert missing_data(config, made=["actors"]) == []
    config["tracks"]["action_units"] = "trained"
    [line] = missing_data(config, made=["actors"])
    assert line.startswith("data set disfa: its root data/disfa does not exist")


def test_the_registry_names_every_data_set_of_the_config(config):
    assert set(config["sources"]) == set(registry())
    for entry in registry().values():
        assert all([entry.access, entry.licence, entry.where, entry.size, entry.holds, entry.citation])
        assert bool(entry.checksums) == (entry.access == "open")


def test_the_registry_is_printed(capsys):
    main()
    out = capsys.readouterr().out
    assert all(name in out for name in registry())
    assert "real photographs" in out


def test_missing_block_is_named(config):
    del config["rasters"]
    with pytest.raises(UserError, match="key rasters is missing"):
        validate(config, config_schema())


def test_flags_are_quoted_for_a_shell():
    block = {"root": "my faces; rm", "min_frames": 3, "flips": True, "sizes": [1, 2]}
    assert flags(block) == "--flips true --min-frames 3 --root 'my faces; rm' --sizes 1 2"
    assert flags(dict(reversed(block.items()))) == flags(block), "the order of keys is layout"


def test_words_of_the_command_line_become_numbers(config):
    """Snakemake's --config reads what stands in lists and mappings as text: `--config seeds=[1,2]`."""
    config["seeds"] = ["1", "2"]
    config["translation"] |= {"epochs": "3", "l1_weight": "1e2", "flips": "false"}
    validate(config, config_schema())
    assert config["seeds"] == [1, 2]
    assert (config["translation"]["epochs"], config["translation"]["l1_weight"]) == (3, 100.0)
    assert config["translation"]["flips"] is False


@pytest.mark.parametrize("word", ["1.5", "a", "", "NaN", "1_0", "0x1", "9" * 400])
def test_other_words_stay_what_they_are(config, word):
    config["seeds"] = [word]
    with pytest.raises(UserError, match=r"seeds\.0"):
        validate(config, config_schema())
