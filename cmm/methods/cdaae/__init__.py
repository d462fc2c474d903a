"""CDAAE, the conditional difference adversarial autoencoder (Zhou & Shi 2017): still faces by label."""
