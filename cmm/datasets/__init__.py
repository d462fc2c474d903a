"""Data sets: one module a layout, all giving the same rows to `cmm.datasets.videos`."""

EXPRESSIONS = ("posed", "spontaneous")  # a label is an index into these
LAYOUTS = {"uva_nemo": "cmm.datasets.uva_nemo", "folder": "cmm.datasets.folder"}
