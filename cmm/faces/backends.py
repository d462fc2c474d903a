"""Names of the face trackers and of the action units that they give: nothing heavy is imported here."""

from pathlib import Path

from cmm.core.errors import UserError

SUFFIX = "_tracker"  # of a backend's module
BACKENDS = tuple(
    sorted(path.stem.removesuffix(SUFFIX) for path in Path(__file__).with_name("trackers").glob(f"*{SUFFIX}.py"))
)
FILES_BACKEND = "openface"  # reads what another program has tracked: it cannot track a picture
OWN_ENVIRONMENT = ("face_alignment", "pyfeat")  # run in envs/{backend}.yaml where conda is used
IMAGE_BACKENDS = tuple(backend for backend in BACKENDS if backend != FILES_BACKEND)
MESH_BACKENDS = ("mediapipe",)  # give a mesh of the face beside the 68 points
WITHOUT_UNITS = ("dlib", "face_alignment")  # these give points alone
ACTION_UNITS = ("proxies", "trained")


def au_columns(frame):
    """Names of the AU6 and AU12 columns of a tracks table: intensities first, else a backend's own, else proxies."""
    for suffix in ("_r", "", "_proxy"):
        if f"AU12{suffix}" in frame:
            return f"AU06{suffix}", f"AU12{suffix}"
    raise UserError(
        "the tracks hold no AU12: track with a backend that gives one, or with tracks.action_units: trained"
    )


def au_scale(name):
    """The highest value of an action-unit column: 5 of an intensity, 1 of a proxy."""
    return 5.0 if name.endswith("_r") else 1.0
