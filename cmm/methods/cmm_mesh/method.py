"""CMM-mesh: the paper's idea on a mesh of the face, for any photograph at its own resolution (ours).

Conditional: the mesh's way from neutral to the smile of an expression, by regression from the neutral shape. Modes: the
same way, to smiles that differ as people's do. Translation: the face bent to the mesh, triangle by triangle,
and a small network that adds teeth, folds and shadows around the mouth.
"""

from cmm.methods.declaration import Method, Stage

METHOD = Method(
    title="CMM-mesh",
    source="this project, after Wang et al., CVPR 2018",
    stages=(Stage("cmm_mesh", "CMM-mesh: shapes of smiles, and the refiner of bent faces", mem_mb=6000),),
    weights=("cmm_mesh",),
    honours=("strength", "frames", "seed"),
    needs_mesh=True,
    inside={"london.safetensors": "668d20c8322afd50d1478be18287188e2e11807c848986449ef995a9b8528bc7"},
    sequence="mean smile",
    modes="mean of the K modes",
    caption="l1: of the mouths, their inner half five times; gradient: of the differences between neighbouring pixels.",
)
