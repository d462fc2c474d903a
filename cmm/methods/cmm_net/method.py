"""CMM-Net: landmark sequences from the neutral landmark image, faces from landmark images."""

from cmm.methods.declaration import Method, Stage

METHOD = Method(
    title="CMM-Net",
    source="Wang et al., Every Smile is Unique: Landmark-Guided Diverse Smile Generation, CVPR 2018",
    stages=(
        Stage("landmark_vae", "phase 1: embedding"),
        Stage("conditional_lstm", "phase 2: a sequence", ("landmark_vae",)),
        Stage("multi_mode_lstm", "phase 3: K sequences", ("conditional_lstm",), mem_mb=4000, per_mode=True),
        Stage("translation", "landmark images to faces"),
    ),
    weights=("multi_mode_lstm", "translation"),
    line=3,
    sequence="conditional sequence",
    modes="mean of the K modes",
    ablation_scores={
        "mode_diversity": "all",
        "ssim_mouth_apex": "modes",
        "ssim": "modes",
        "landmark_error": "modes",
        "au12_curve_distance": "modes",
        "expression_accuracy": "modes",
    },
    caption=(
        "bce: binary cross-entropy of the landmark images, summed over pixels; kl: of the codes to a normal"
        " distribution; l1: of faces. In the multi-mode stage push may raise bce: the modes leave the one sequence that"
        " they are all compared with."
    ),
)
