"""Video-GAN: a frame to a whole video by 3-D convolutions, one model an expression (the paper's baseline)."""

from cmm.methods.declaration import Method, Stage

METHOD = Method(
    title="Video-GAN",
    source="Vondrick et al., Generating Videos with Scene Dynamics, NIPS 2016",
    stages=(Stage("video_gan", "Video-GAN: a video of a frame, a model an expression", mem_mb=8000),),
    weights=("video_gan",),
    line=1,
)
