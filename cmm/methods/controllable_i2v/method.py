"""Controllable image-to-video translation: every frame by itself, from the neutral face and how far the smile has come.

The authors' (Fan et al. 2018, arXiv 1808.02992): V(a) = f(I, a) with V(0) = I and V(1) the peak of the
expression; base and residual encoder, base + a * residual at the bottleneck and at every skip, a residual
for each expression; adversarial, temporal continuity and landmark losses, all expressions trained
together. Ours: widths, weights of the losses, that a is how far AU12 has come, and that a sequence follows
the training sequences' mean curve of it.
"""

from cmm.methods.declaration import Method, Stage

METHOD = Method(
    title="Controllable image-to-video",
    source="Fan et al., Controllable Image-to-Video Translation, AAAI 2019",
    stages=(Stage("controllable_i2v", "controllable image-to-video: base + strength x residual", mem_mb=6000),),
    weights=("controllable_i2v",),
    honours=("strength", "frames"),
    caption="l1: of faces; continuity: of the changes between neighbouring frames; points: of the predicted landmarks.",
)
