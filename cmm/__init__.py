"""CMM-Net: landmark-guided diverse smile generation (Wang et al., CVPR 2018).

`cmm.load()` gives a Smiler, which makes smiles on photographs: see cmm.generation.smiler.
"""

from importlib import import_module

__version__ = "0.2.0"


def __getattr__(name):
    """`load`, `Smiler`, `Smiles` and `UserError`, imported when they are asked for: `import cmm` takes no time."""
    places = {"load": ".generation.smiler", "Smiler": ".generation.smiler", "Smiles": ".generation.smiler"}
    places["UserError"] = ".core.errors"
    if name not in places:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(places[name], __name__), name)
