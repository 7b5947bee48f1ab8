"""Two stretches of each sequence, drawn anew for every batch: one to look at, one to be told."""

import numpy as np
import torch
from torch import Tensor

from latentseq.contig_vae import BASES_OF_A_PAIR, Contigs, ContigVAE
from latentseq.features import Features
from latentseq.training_data import Data, Rows
from latentseq.vae import Loss, rows_at_once
from latentseq.views import Views

FEWEST_WINDOWS = 2  # of a stretch, where the sequence has twice as many


class Stretches:
    """Windows of some sequences, on the device."""

    def __init__(self, sums: Tensor, offsets: Tensor, rows: Tensor, contigs: Contigs) -> None:
        """sums: of `running_sums`; offsets: (all sequences + 1,), where each one's windows begin; rows: numbers of the
        sequences; contigs: all that is known of them as wholes, in that order."""
        device = contigs.length.device
        self.sums = sums
        self.start = offsets[:-1][rows].to(device)
        self.n_windows = offsets.diff()[rows].to(device)
        self.contigs = contigs

    def draw(self, rows: Tensor) -> tuple[Contigs, Contigs]:
        """A stretch of each sequence, of two windows to half of all, and the rest of it.

        Read pairs are dealt out to the two at random. A sequence of a single window is as two halves that look alike.
        """
        whole, n, start = self.contigs.take(rows), self.n_windows[rows], self.start[rows]
        size, first = draw_places(n)
        inside = self.sums[start + first + size] - self.sums[start + first]
        outside = self.sums[start + n] - self.sums[start] - inside
        single = n < 2
        seen = inside / size[:, None]
        hidden = torch.where(single[:, None], seen, outside / (n - size).clamp(min=1)[:, None])
        share = torch.where(single, 0.5, size / n)
        return split(whole, seen.float(), hidden.float(), share)


class CrossViews:
    """Loss of a model at stretches that its encoder does not see, of training and held-out rows."""

    def __init__(self, model: ContigVAE, training: Stretches, held_out: Stretches | None) -> None:
        """Draws the stretches of the held-out rows once for all epochs."""
        self.model, self.training = model, training
        if held_out is not None:
            everything = torch.arange(len(held_out.n_windows), device=held_out.n_windows.device)
            self.held_out = held_out.draw(everything)

    def loss(self, rows: Tensor, kl_weight: float, free_bits: float) -> Loss:
        """Loss of the training rows of these numbers."""
        seen, hidden = self.training.draw(rows)
        noise = torch.randn(len(rows), self.model.architecture.n_latent, device=rows.device)
        return self.model.cross_loss(seen, hidden, noise, kl_weight, free_bits)

    def held_out_loss(self, rows: Tensor, noise: Tensor, kl_weight: float, free_bits: float) -> Loss:
        """Loss of the held-out rows of these numbers; noise: (rows, n_latent)."""
        seen, hidden = (part.take(rows) for part in self.held_out)
        return self.model.cross_loss(seen, hidden, noise, kl_weight, free_bits)


def place_stretches(model: ContigVAE, features: Features, data: Data) -> CrossViews:
    """Put windows on the model's device, and set what it must know of noise and depth."""
    assert features.views is not None
    model.set_whitening(features.views.whitening)
    contigs = read_rows(model, data.x)
    model.set_depths(contigs)
    windows = running_sums(features.views).to(contigs.length.device), torch.from_numpy(features.views.offsets)
    training = Stretches(*windows, data.numbers, contigs)
    if not len(data.held_out_x):
        return CrossViews(model, training, None)
    return CrossViews(model, training, Stretches(*windows, data.held_out_numbers, read_rows(model, data.held_out_x)))


def running_sums(views: Views) -> Tensor:
    """Sums of the windows' composition up to each window, (windows + 1, K) float64: two of them make any stretch.

    They are the largest thing that training holds, so no second copy is made on the way.
    """
    sums = np.zeros((len(views.profiles) + 1, views.profiles.shape[1]))
    np.cumsum(views.profiles, axis=0, dtype=np.float64, out=sums[1:])
    return torch.from_numpy(sums)


@torch.no_grad()
def read_rows(model: ContigVAE, rows: Rows) -> Contigs:
    """All rows of some features as contigs."""
    numbers = torch.arange(len(rows), device=rows.device).split(rows_at_once(model))
    parts = [model.read(rows.take(some)) for some in numbers]
    return Contigs(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


def draw_places(n_windows: Tensor) -> tuple[Tensor, Tensor]:
    """Number of windows of a stretch, evenly over its logarithm, and its first window; both (n,)."""
    most = (n_windows // 2).clamp(min=1)
    fewest = torch.where(n_windows >= 2 * FEWEST_WINDOWS, FEWEST_WINDOWS, 1)
    share = torch.rand(len(n_windows), device=n_windows.device)
    size = (fewest * (most / fewest) ** share).round().long()
    room = n_windows - size + 1
    first = (torch.rand(len(n_windows), device=n_windows.device) * room).long()
    return size, torch.minimum(first, room - 1)


def split(whole: Contigs, seen: Tensor, hidden: Tensor, share: Tensor) -> tuple[Contigs, Contigs]:
    """Deal out length and read pairs: `share` (n,) of them to the first; seen, hidden: (n, K), their composition."""
    counts = whole.depth * whole.length[:, None] / BASES_OF_A_PAIR
    pairs = (counts + torch.rand_like(counts)).floor()
    first = torch.binomial(pairs, share[:, None].expand_as(pairs).contiguous())
    lengths = whole.length * share, whole.length * (1 - share)
    depths = [n * BASES_OF_A_PAIR / length[:, None] for n, length in zip((first, pairs - first), lengths, strict=True)]
    return (
        Contigs(seen, depths[0], lengths[0], whole.held),
        Contigs(hidden, depths[1], lengths[1], whole.held),
    )
