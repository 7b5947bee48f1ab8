"""Which class a model is of, by its architecture."""

import json
from pathlib import Path

from safetensors.torch import load_file

from latentseq.contig_vae import ContigVAE
from latentseq.vae import VAE, Architecture


def make_model(architecture: Architecture) -> VAE:
    """A new model."""
    return ContigVAE(architecture) if architecture.network == "contigs" else VAE(architecture)


def load_model(weights: str | Path, description: str | Path) -> VAE:
    """Rebuild a model from the two files of `vae.save_model`, ready to embed."""
    model = make_model(Architecture.from_fields(json.loads(Path(description).read_text())["architecture"]))
    model.load_state_dict(load_file(weights))
    return model.eval()
