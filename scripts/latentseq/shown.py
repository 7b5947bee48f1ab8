"""What the encoder is shown of each sequence in training, and what of it the decoder must tell."""

import numpy as np
import torch
from torch import Tensor

from latentseq.contig_vae import ContigVAE
from latentseq.features import Features
from latentseq.pieces import Pieces
from latentseq.stretches import CrossViews, place_stretches
from latentseq.training_data import Data
from latentseq.vae import VAE, Loss

WHOLE_SHARE = 0.5  # of the sequences of a batch, which are shown as a whole
SHORTEST_SHARE = 0.1  # of a sequence that is shown


class Whole:
    """All of it is shown and told."""

    def __init__(self, model: VAE, data: Data) -> None:
        self.model, self.data = model, data

    def loss(self, rows: Tensor, kl_weight: float, free_bits: float) -> Loss:
        """Loss of the training rows of these numbers, with one draw of z."""
        return self.model(self.data.x.take(rows), kl_weight, free_bits)

    def held_out_loss(self, rows: Tensor, noise: Tensor, kl_weight: float, free_bits: float) -> Loss:
        """Loss of the held-out rows of these numbers; noise: (rows, n_latent)."""
        x = self.data.held_out_x.take(rows)
        mu, logvar = self.model.encode(x)
        return self.model.loss(x, mu, logvar, mu + (0.5 * logvar).exp() * noise, kl_weight, free_bits)


class Fragments(Whole):
    """Half of the sequences are shown as a random stretch of a tenth or more, and all of each is told.

    So a fragment comes to lie where the sequence that it is of does.
    """

    def __init__(self, model: VAE, data: Data, pieces: Pieces) -> None:
        super().__init__(model, data)
        self.pieces = pieces

    def loss(self, rows: Tensor, kl_weight: float, free_bits: float) -> Loss:
        told = self.data.x.take(rows)
        mu, logvar = self.model.encode(self.shown(rows).to(told.device))
        z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
        return self.model.loss(told, mu, logvar, z, kl_weight, free_bits)

    def shown(self, rows: Tensor) -> Tensor:
        """Counts of stretches of the training rows of these numbers, (rows, k-mers) float32."""
        numbers = self.data.numbers[rows.cpu()].numpy()
        start, n = self.pieces.offsets[numbers], np.diff(self.pieces.offsets)[numbers]
        whole, share, place = torch.rand(3, len(rows), dtype=torch.float64).numpy()
        share = np.where(whole < WHOLE_SHARE, 1.0, SHORTEST_SHARE + (1 - SHORTEST_SHARE) * share)
        size = np.maximum(np.round(share * n).astype(np.int64), 1)
        first = start + (place * (n - size + 1)).astype(np.int64)
        return torch.from_numpy(self.pieces.add_up(first, size))


def choose_shown(model: VAE, features: Features, data: Data) -> Whole | CrossViews:
    """What suits the model and the features; sets what a model of contigs must know of noise and depth."""
    if isinstance(model, ContigVAE):
        return place_stretches(model, features, data)
    if features.pieces is not None:
        return Fragments(model, data, features.pieces)
    return Whole(model, data)
