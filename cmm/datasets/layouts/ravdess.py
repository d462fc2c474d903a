"""RAVDESS's happy clips (Livingstone & Russo 2018): actors who speak, all posed.

02-01-03-01-01-01-12.mp4    modality (02 video), channel (01 speech), emotion (03 happy),
                            intensity, statement, repetition, actor
"""

import re

from cmm.datasets.layouts import list_named

MEMBER = re.compile(r"^02-01-03-\d\d-\d\d-\d\d-(\d\d)\.mp4$", re.IGNORECASE)  # of the archives, too


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason} of the happy clips. Raises UserError without any."""
    return list_named(root, MEMBER, "happy clip of RAVDESS, such as 02-01-03-01-01-01-12.mp4")
