"""CREMA-D's happy clips (Cao et al. 2014): actors who speak, all posed.

1001_IEO_HAP_HI.flv    actor, sentence, emotion, intensity
"""

import re

from cmm.datasets.layouts import list_named

NAME = re.compile(r"^(1\d{3})_[A-Z]{3}_HAP_(?:LO|MD|HI|XX?)\.(?:flv|mp4)$", re.IGNORECASE)


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason} of the happy clips. Raises UserError without any."""
    return list_named(root, NAME, "happy clip of CREMA-D, such as 1001_IEO_HAP_HI.flv")
