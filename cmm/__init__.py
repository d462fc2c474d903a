"""CMM-Net: landmark-guided diverse smile generation (Wang et al., CVPR 2018).

`cmm.load()` gives a Smiler, which makes smiles on photographs: see cmm.generation.smiler.
"""

from importlib import import_module

__version__ = "0.2.0"


_PLACES = dict.fromkeys(("load", "Smiler", "Smiles"), ".generation.smiler") | {"UserError": ".core.errors"}


def __getattr__(name):
    """`load`, `Smiler`, `Smiles` and `UserError`, imported when they are asked for: `import cmm` takes no time."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name], __name__), name)


def __dir__():
    """What completion shows."""
    return sorted([*_PLACES, "__version__"])
