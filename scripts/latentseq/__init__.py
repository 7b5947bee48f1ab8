"""latentseq: latent maps of DNA sequences, and what follows from them.

The library knows arrays, tensors and files, never Snakemake; the adapters in `scripts/` join the two.
"""

__version__ = "0.1.0"
