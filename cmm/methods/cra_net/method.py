"""CRA-Net: the conditional recurrent generator on faces, a discriminator on top (the paper's own ablation)."""

from cmm.methods.declaration import Method, Stage

METHOD = Method(
    title="CRA-Net",
    source="Wang et al., CVPR 2018, section 4.3",
    stages=(
        Stage("face_vae", "phase 1 of CRA-Net: embedding of faces", mem_mb=8000),
        Stage("cra_net", "CRA-Net: a sequence of faces", ("face_vae",), mem_mb=8000),
    ),
    weights=("cra_net",),
    line=2,
)
