"""The variational autoencoder of contigs with depth: likelihoods that know how noise falls with length.

The latent space is the genome's composition, in directions in which noise is 1 (`whitening`), beside the logarithm of
its depth in every sample. Each latent dimension is decoded to its own quantity, so distances in the map are
differences of genomes in units of noise. The encoder starts from the data themselves, shrunken by their noise, and
learns to tell from one stretch of a sequence what another stretch of it will look like.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentseq.networks import dense_layers
from latentseq.vae import VAE, Architecture, Loss, kl_by_dimension
from latentseq.views import Whitening

TERMS = ("composition", "depth")
BASES_OF_A_PAIR = 500.0  # sequenced bases of a read pair: the unit in which depth is counted
DEPTH_SCALE = 8.0  # of a logarithm of depth in the latent space: one over the noise of a genome's depth
FAINTEST = 0.3  # reads per base; below, the logarithm of a depth says little
SMALLEST_EXPECTED = 0.005  # reads per base, from other genomes
STARTING_EXCESS, STARTING_DISPERSION = 0.4, 0.15  # composition's variance beyond its noise; depth's relative deviation
TAILS = 6.0  # degrees of freedom of the t distribution of depth; composition has four times as many
LEARNED_SHARE = 0.5  # of what the encoder adds to the data
LONGEST = 1.0  # standard deviations of log length above its mean: few stretches in training are longer
SMALLEST_MEAN = 1e-9  # depth of a sample without any read
SMALLEST_SIGMA, STARTING_LOGVAR = -10.0, -2.0


class Contigs(NamedTuple):
    """What is known of some sequences or of stretches of them.

    composition: (n, K), whitened; depth: (n, S), reads per base; length: (n,), bases; held: (n,), share of the reads.
    """

    composition: Tensor
    depth: Tensor
    length: Tensor
    held: Tensor

    def take(self, rows: Tensor) -> "Contigs":
        """Some of them."""
        return Contigs(*(part[rows] for part in self))


class ContigVAE(VAE):
    """See the module; x, `encode` and `decode` are as in `VAE`, with the block `length` at the end of the columns."""

    spread: Tensor
    scale: Tensor
    mean_depth: Tensor
    mean_length: Tensor
    to_directions: Tensor
    centre: Tensor
    from_directions: Tensor
    lengths: Tensor
    log_variances: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        a = architecture
        blocks = {block.name: len(block.columns) for block in a.blocks}
        self.n_samples = blocks.get("abundance", 1)
        self.n_directions = a.n_latent - self.n_samples
        k, c, m = self.n_directions, blocks["composition"], a.n_noise
        self.encoder = dense_layers([a.n_latent + 1, *[a.n_hidden] * a.n_layers], a.dropout)
        self.decoder, self.output = nn.Identity(), nn.Identity()
        for name, shape in (
            *(("spread", (k,)), ("scale", (a.n_latent,)), ("mean_depth", (self.n_samples,)), ("mean_length", (2,))),
            *(("to_directions", (c, k)), ("centre", (k,)), ("from_directions", (k, c))),
            *(("lengths", (m,)), ("log_variances", (m, k))),
        ):
            self.register_buffer(name, torch.ones(shape))
        self.log_excess = nn.Parameter(torch.full((k,), STARTING_EXCESS).log())
        self.log_dispersion = nn.Parameter(torch.full((self.n_samples,), STARTING_DISPERSION).log())
        nn.init.zeros_(self.mu.weight)
        nn.init.zeros_(self.mu.bias)
        nn.init.constant_(self.logvar.bias, STARTING_LOGVAR)

    @property
    def terms(self) -> tuple[str, ...]:
        return TERMS

    @property
    def prior_scale(self) -> Tensor:
        return self.scale

    @torch.no_grad()
    def set_whitening(self, whitening: Whitening) -> None:
        """Take over the directions and their noise; `input_mean` and `input_std` must be set before."""
        w = {name: torch.from_numpy(values) for name, values in vars(whitening).items()}
        c = len(w["centre"])
        mean, std = self.input_mean[:c], self.input_std[:c]
        self.to_directions.copy_(std[:, None] * w["directions"])
        self.centre.copy_((w["centre"] - mean) @ w["directions"])
        self.from_directions.copy_(w["inverse"] / torch.where(std > 0, std, 1))
        self.spread.copy_(w["spread"])
        self.lengths.copy_(w["lengths"].log())
        self.log_variances.copy_(w["variances"].log())

    @torch.no_grad()
    def set_depths(self, contigs: Contigs) -> None:
        """Take the units of depth and length from the sequences to train on."""
        logarithm = self.log_depth(contigs)
        self.mean_depth.copy_(logarithm.mean(dim=0))
        spread = logarithm.std().clamp(min=FAINTEST)
        length = contigs.length.log()
        self.mean_length.copy_(torch.stack([length.mean(), length.std().clamp(min=0.1)]))
        self.scale[: self.n_directions] = self.spread.sqrt()
        self.scale[self.n_directions :] = spread * DEPTH_SCALE

    def read(self, x: Tensor) -> Contigs:
        """Rows of features as composition in the whitened directions, depth, length and share of the reads."""
        parts = dict(zip((block.name for block in self.architecture.blocks), self.split_columns(x), strict=True))
        composition = parts["composition"] @ self.to_directions - self.centre
        total_at = x.shape[1] - parts["length"].shape[1] - 1
        depth = (parts["total_depth"] * self.input_std[total_at] + self.input_mean[total_at]).exp()
        if "abundance" in parts:
            depth = depth * parts["abundance"] * self.sample_means()
        length, held = parts["length"].exp().unbind(dim=1)
        return Contigs(composition, depth, length, held)

    def sample_means(self) -> Tensor:
        """What the depth of each sample was divided by before its share was taken, (S,)."""
        start = len(self.to_directions)
        return self.input_std[start : start + self.n_samples].clamp(min=SMALLEST_MEAN)

    def log_depth(self, contigs: Contigs) -> Tensor:
        """Logarithm of the depth of the genome, (n, S)."""
        return (contigs.depth / contigs.held[:, None] + FAINTEST).log()

    def noise(self, length: Tensor) -> Tensor:
        """Variance of composition at some lengths, (n, K): linear between the known lengths in logarithms of both."""
        at = length.log()
        left = (torch.searchsorted(self.lengths, at) - 1).clamp(0, len(self.lengths) - 2)
        share = ((at - self.lengths[left]) / (self.lengths[left + 1] - self.lengths[left]))[:, None]
        return (self.log_variances[left] * (1 - share) + self.log_variances[left + 1] * share).exp()

    def inputs_of(self, contigs: Contigs) -> Tensor:
        """What the encoder reads, (n, K + S + 1): the latent space's own units, and the length."""
        shrink = self.spread / (self.spread + self.noise(contigs.length) + STARTING_EXCESS)
        composition = contigs.composition * shrink / self.scale[: self.n_directions]
        depth = (self.log_depth(contigs) - self.mean_depth) / self.scale[self.n_directions :] * DEPTH_SCALE
        length = ((contigs.length.log() - self.mean_length[0]) / self.mean_length[1]).clamp(max=LONGEST)
        return torch.cat([composition, depth, length[:, None]], dim=1)

    def encode_contigs(self, contigs: Contigs) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z given the contigs), both (n, n_latent).

        What is learned draws close genomes together while it makes each denser. After training half of it is taken,
        where several samples tell genomes apart; with one, where composition must, all of it.
        """
        inputs = self.inputs_of(contigs)
        hidden = self.encoder(inputs)
        learned = self.mu(hidden)
        if not self.training:
            learned = learned * (LEARNED_SHARE if self.n_samples > 1 else 1.0)
        mu = (learned + inputs[:, :-1]) * self.scale
        return mu, self.logvar(hidden).clamp(SMALLEST_SIGMA, 8) + 2 * self.scale.log()

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.encode_contigs(self.read(x))

    def decode(self, z: Tensor) -> Tensor:
        """Composition, abundance and total depth as the features hold them; z (n, n_latent)."""
        composition = (z[:, : self.n_directions] + self.centre) @ self.from_directions
        depth = self.expected_depth(z)
        start = composition.shape[1]
        parts = [composition]
        if "abundance" in (block.name for block in self.architecture.blocks):
            depth = depth / self.sample_means()
            parts.append(depth.log())
            start += self.n_samples
        total = depth.sum(dim=1, keepdim=True).log()
        std = self.input_std[start]
        return torch.cat([*parts, (total - self.input_mean[start]) / torch.where(std > 0, std, 1)], dim=1)

    def expected_depth(self, z: Tensor) -> Tensor:
        """Depth of the genome in each sample, (n, S), reads per base."""
        return (z[:, self.n_directions :] / DEPTH_SCALE + self.mean_depth).clamp(-12, 12).exp()

    def contig_loss(self, z: Tensor, contigs: Contigs) -> dict[str, Tensor]:
        """Negative log likelihood of contigs of the genomes at z, by term, each (n,), up to a constant.

        Composition: t distribution with the noise at the contig's length and what is learned to be beyond it. Depth:
        t distribution whose variance is that of counted read pairs and of a learned dispersion.
        """
        variance = self.noise(contigs.length) + self.log_excess.exp()
        squares = (contigs.composition - z[:, : self.n_directions]).square() / variance
        composition = t_loss(squares, variance, 4 * TAILS)
        expected = self.expected_depth(z) * contigs.held[:, None] + SMALLEST_EXPECTED
        pair = BASES_OF_A_PAIR / contigs.length[:, None]
        counted = pair * expected + (0.3 * pair).square()
        variance = counted + (self.log_dispersion.exp() * expected).square()
        depth = t_loss((contigs.depth - expected).square() / variance, variance, TAILS)
        return {"composition": composition, "depth": depth}

    def reconstruction_loss(self, decoded: Tensor, x: Tensor) -> dict[str, Tensor]:
        """Negative log likelihood by term; what is decoded is read back into the latent space."""
        return self.contig_loss(self.latent_of(decoded), self.read(x))

    def latent_of(self, decoded: Tensor) -> Tensor:
        """The z behind what `decode` gave, (n, n_latent)."""
        composition, *depths = self.split_outputs(decoded)[:-1]
        total_at = decoded.shape[1] - 1
        logarithm = depths[-1] * self.input_std[total_at] + self.input_mean[total_at]
        if len(depths) > 1:
            logarithm = functional.log_softmax(depths[0], dim=1) + logarithm + self.sample_means().log()
        z = composition @ self.to_directions - self.centre
        return torch.cat([z, (logarithm - self.mean_depth) * DEPTH_SCALE], dim=1)

    def weighted_sum(self, terms: Mapping[str, Tensor]) -> Tensor:
        return torch.stack(list(terms.values())).sum(dim=0)

    def loss(self, x: Tensor, mu: Tensor, logvar: Tensor, z: Tensor, kl_weight: float, free_bits: float = 0.0) -> Loss:
        return self.loss_of(self.read(x), mu, logvar, z, kl_weight, free_bits)

    def loss_of(
        self, contigs: Contigs, mu: Tensor, logvar: Tensor, z: Tensor, kl_weight: float, free_bits: float
    ) -> Loss:
        """Loss of each of some contigs under their, or another stretch's, posterior."""
        terms = self.contig_loss(z, contigs)
        reconstruction = self.weighted_sum(terms)
        kl = kl_by_dimension(mu / self.scale, logvar - 2 * self.scale.log())
        counted = kl.clamp(min=free_bits) if free_bits else kl
        return Loss(reconstruction + kl_weight * counted.sum(dim=1), reconstruction, terms, kl.sum(dim=1))

    def cross_loss(self, seen: Contigs, hidden: Contigs, noise: Tensor, kl_weight: float, free_bits: float) -> Loss:
        """Loss of stretches that the encoder has not seen, from others of the same sequences; noise (n, n_latent)."""
        mu, logvar = self.encode_contigs(seen)
        return self.loss_of(hidden, mu, logvar, mu + (0.5 * logvar).exp() * noise, kl_weight, free_bits)


def t_loss(squares: Tensor, variance: Tensor, freedom: float) -> Tensor:
    """Negative log density, up to a constant, of a multivariate t distribution; both (n, columns), result (n,)."""
    n_columns = squares.shape[1]
    return 0.5 * ((freedom + n_columns) * (squares.sum(dim=1) / freedom).log1p() + variance.log().sum(dim=1))
