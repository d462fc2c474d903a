"""auto takes bf16 where the processor has it; whoever asks for it elsewhere is told."""

import dataclasses

import pytest
import torch

from cmm.methods.cmm_net import landmark_vae
from cmm.training import arithmetic, loop

CPU = torch.device("cpu")


def processor(monkeypatch, **features):
    """A processor with some features and no others."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_f": True, **features})


@pytest.mark.parametrize("feature", ["avx512_bf16", "amx_bf16"])
def test_auto_is_bf16_where_it_is_native(monkeypatch, feature):
    processor(monkeypatch, **{feature: True})
    assert arithmetic.chosen("auto", CPU) == "bf16"
    assert arithmetic.chosen("fp32", CPU) == "fp32"
    with arithmetic.autocast(CPU, landmark_vae.Settings()):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16


def test_auto_is_fp32_where_bf16_is_emulated(monkeypatch):
    processor(monkeypatch, avx512_bf16=False)
    assert arithmetic.chosen("auto", CPU) == "fp32"
    with arithmetic.autocast(CPU, landmark_vae.Settings()):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_a_gpu_is_asked_for_the_real_thing(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **words: asked.append(words) or True)
    assert arithmetic.native_bf16(torch.device("cuda"))
    assert asked == [{"including_emulation": False}]


def test_the_log_begins_with_device_arithmetic_and_threads(smiles, tmp_path, monkeypatch, caplog):
    processor(monkeypatch)
    caplog.set_level("INFO", logger="cmm")
    settings = dataclasses.replace(landmark_vae.Settings(epochs=1, batch_size=8), precision="bf16")
    run = loop.Run(0, tmp_path / "w.safetensors", tmp_path / "l.tsv", tmp_path / "state", threads=1, processes=0)
    landmark_vae.main(smiles, run, settings)
    assert caplog.messages[0] == "training on cpu in bf16, 1 process, 1 thread"
    assert caplog.messages[1] == "precision: bf16 is emulated on this cpu and slow: auto would take fp32"
    assert not any("emulated" in message for message in caplog.messages[2:])
