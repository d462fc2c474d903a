"""Data sets: one module a layout, all giving the same rows to `cmm.datasets.videos`."""

LAYOUTS = {"uva_nemo": "cmm.datasets.uva_nemo", "folder": "cmm.datasets.folder"}
