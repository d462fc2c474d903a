"""CDAAE: a still face with another expression, by an adversarial autoencoder that learns the difference.

The authors' (Zhou & Shi 2017, arXiv 1708.09126): an adversarial autoencoder with discriminators on code
and image, the label at the code, expressions or intensities of action units; a feed-forward path from
a low encoder layer to the decoder's layer of that level, so that the decoder learns the difference of
these features; pairs of pictures of one person; new expressions by interpolated and combined labels.
Ours: layers, weights of the losses, that one network takes both kinds of labels, that a pair is a neutral
face and another frame, and the curve of strengths that makes a sequence of its pictures.
"""

from cmm.methods.declaration import Method, Stage

METHOD = Method(
    title="CDAAE",
    source="Zhou & Shi, Photorealistic Facial Expression Synthesis by the CDAAE, ACII 2017",
    stages=(Stage("cdaae", "CDAAE: a face of any label from another of the same person", mem_mb=6000),),
    weights=("cdaae",),
    honours=("strength", "frames", "action_units"),
    still=True,
    caption="l1: of faces; code, image: the generator's side of the discriminators on code and image.",
)
