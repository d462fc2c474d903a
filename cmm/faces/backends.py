"""Names of the face trackers, for settings and rules: nothing heavy is imported here."""

from pathlib import Path

SUFFIX = "_tracker"  # of a backend's module
BACKENDS = tuple(
    sorted(path.stem.removesuffix(SUFFIX) for path in Path(__file__).with_name("trackers").glob(f"*{SUFFIX}.py"))
)
FILES_BACKEND = "openface"  # reads what another program has tracked: it cannot track a picture
OWN_ENVIRONMENT = ("face_alignment", "pyfeat")  # run in envs/{backend}.yaml where conda is used
IMAGE_BACKENDS = tuple(backend for backend in BACKENDS if backend != FILES_BACKEND)
PLAIN_BACKENDS = tuple(backend for backend in IMAGE_BACKENDS if backend not in OWN_ENVIRONMENT)
WITHOUT_UNITS = ("dlib", "face_alignment")  # these give points alone
ACTION_UNITS = ("proxies", "own")
