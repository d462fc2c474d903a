"""CelebV-HQ (Zhu et al., ECCV 2022): clips of people in videos of the web, labelled by people.

    celebvhq_info.json        {clips: {NAME: {ytb_id, duration, bbox, attributes}}, meta_info: {action_mapping, ...}}
    NAME.mp4                  in the root or up to two folders below, as the set's own script cuts them

The clips whose action is smile or laugh, or whose emotion is happy, are taken. The subject is the video that a
clip was cut from, whose people may not part over folds. Where the emotions of a clip go from neutral to
happy, that span is where its smile's phase lies; elsewhere the tracker decides. Nothing is fetched.
"""

import json
import logging
import math
from itertools import pairwise
from pathlib import Path

from cmm.core.errors import UserError, reason
from cmm.core.files import inside
from cmm.core.video import VIDEO_SUFFIXES
from cmm.datasets import deal
from cmm.datasets.layouts import paths_below

log = logging.getLogger("cmm")
ANNOTATION = "celebvhq_info.json"
ACTIONS = ("smile", "laugh")
SHOWS = ("smile",)  # whether posed or spontaneous, nobody knows
MOST_GAP = 0.5  # seconds between a neutral span and the happy one that follows it: spans have gaps


def list_files(root, table=None):
    """Rows {file, subject, expression, fold, reason, spans} of every clip that is labelled as a smile.

    `file` is relative to `root`; a clip that is not there keeps its row. UserError without the annotation.
    """
    clips, actions = read_annotation(inside(root, ANNOTATION))
    wanted = [place for place, name in enumerate(actions) if name in ACTIONS]
    files = {}
    for path in sorted(paths_below(root), key=lambda path: len(path.parts)):
        if path.suffix.lower() in VIDEO_SUFFIXES:
            files.setdefault(path.stem, []).append(path.relative_to(root))
    for name, several in files.items():
        if len(several) > 1 and name in clips:
            log.warning("%s is there more than once: %s is taken, not %s", name, several[0], several[1])
    rows, others = [], 0
    for name, clip in clips.items():
        row = {
            "file": str(files.get(name, [f"{name}.mp4"])[0]),
            "subject": name,
            "expression": SHOWS[0],
            "reason": "",
            "spans": "",
        }
        try:
            row["subject"] = subject_of(clip)
            smiles, spans = smile_of(clip, wanted)
            row["spans"] = ";".join(f"{begin:.3f}-{end:.3f}" for begin, end in spans)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            smiles, row["reason"] = True, f"{ANNOTATION} says of it nothing that can be read ({reason(error)})"
        if smiles:
            rows.append(row)
        else:
            others += 1
    log.info("CelebV-HQ: %d clips of a smile, %d others left out", len(rows), others)
    folds = deal(row["subject"] for row in rows)
    return [row | {"fold": folds[row["subject"]]} for row in rows]


def read_annotation(path):
    """({clip's name: what is said of it}, names of the actions) of the set's file. UserError for another."""
    if not Path(path).is_file():
        raise UserError(f"{path} does not exist: it is CelebV-HQ's one annotation file; put it beside the clips")
    try:
        content = json.loads(Path(path).read_bytes())
        clips, actions = content["clips"], content["meta_info"]["action_mapping"]
        if not isinstance(clips, dict) or not all(isinstance(name, str) for name in actions):
            raise TypeError("clips or action_mapping are of another kind")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is not CelebV-HQ's annotation: {reason(error)}") from error
    if not {*ACTIONS} & {*actions}:
        raise UserError(f"{path}: no action is called {' or '.join(ACTIONS)}")
    return clips, actions


def subject_of(clip):
    """The name of the video that a clip was cut from, as a subject's: it may begin with a minus sign."""
    return f"v{clip['ytb_id']}"


def smile_of(clip, wanted):
    """(whether a clip is labelled as a smile, [(begin, end) in s] from neutral to happy); wanted: places of ACTIONS."""
    attributes = clip["attributes"]
    emotion = attributes["emotion"]
    labels = emotion["labels"]
    if not emotion["sep_flag"]:
        happy, spans = labels == "happy", []
    else:
        parts = sorted((float(part["start_sec"]), float(part["end_sec"]), part["emotion"]) for part in labels)
        if not all(math.isfinite(begin) and math.isfinite(end) and 0 <= begin < end for begin, end, _ in parts):
            raise ValueError("a span of an emotion has no length, or begins before the clip")
        happy = any(name == "happy" for *_, name in parts)
        spans = [
            (first[0], second[1])
            for first, second in pairwise(parts)
            if (first[2], second[2]) == ("neutral", "happy") and second[0] - first[1] <= MOST_GAP
        ]
    return happy or any(attributes["action"][place] for place in wanted), spans
