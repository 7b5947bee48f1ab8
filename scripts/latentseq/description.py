"""What the description of a trained model (vae.json) says, for those who need no network."""

import json
from pathlib import Path


def read_kl_weight(description: str | Path) -> float:
    """Weight of the KL term that a model was trained with; description: vae.json."""
    return float(json.loads(Path(description).read_text())["trained"]["settings"]["kl_weight"])
