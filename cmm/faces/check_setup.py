"""Check that what the demo needs is installed, in one line a problem."""

import logging

from cmm.faces.trackers import load

log = logging.getLogger("cmm")


def main():
    """Load the face tracker with its weights: the one part that needs system libraries."""
    with load("mediapipe") as tracker:
        log.info("face tracker: mediapipe %s, weights checked", tracker.description["version"])
