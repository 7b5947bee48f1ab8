"""Models whose weights are set by hand, so that what they must answer is known."""

import numpy as np
import torch
from latentseq.features import Features, unscaled
from latentseq.latent import Latent
from latentseq.onehot import encode_letters, find_frame
from latentseq.vae import VAE, Architecture, BlockSpec
from torch import nn


def names_of(n):
    return np.array([f"s{i}" for i in range(1, n + 1)])


def table(values, likelihood="gaussian", weights=None):
    """Features of a table whose values are used as they are."""
    values = np.asarray(values, np.float32)
    columns = np.array([f"c{i}" for i in range(1, values.shape[1] + 1)])
    weights = np.ones(len(values), np.float32) if weights is None else np.asarray(weights, np.float32)
    return Features(names_of(len(values)), weights, {"values": unscaled(values, columns, likelihood)})


def alignment(sequences, weights=None):
    """Features of aligned sequences, and the codes of all columns."""
    codes = np.stack([encode_letters(sequence.encode()) for sequence in sequences])
    columns = np.array([str(i) for i in range(1, codes.shape[1] + 1)])
    gaps = any("-" in sequence for sequence in sequences)
    frame = find_frame(codes, columns, gaps)
    block = unscaled(codes[:, frame.variable], columns[frame.variable], "categorical", "ACGT-" if gaps else "ACGT")
    weights = np.ones(len(codes), np.float32) if weights is None else np.asarray(weights, np.float32)
    return Features(names_of(len(codes)), weights, {"bases": block}, frame), codes


def linear_model(features, decoder, offset, encoder, start, logvar):
    """Model of one block: mu = encoder x + start, of a fixed log variance, and decoded = decoder z + offset.

    decoder (outputs, n_latent), offset (outputs,), encoder (n_latent, outputs), start and logvar (n_latent,).
    """
    ((name, block),) = features.blocks.items()
    spec = BlockSpec(name, tuple(map(str, block.columns)), block.likelihood, 1.0, block.states)
    n_outputs, n_latent = np.shape(decoder)
    model = VAE(Architecture((spec,), n_latent, n_hidden=2, n_layers=0, dropout=0.0))
    model.mu = set_layer(encoder, start)
    model.logvar = set_layer(np.zeros((n_latent, n_outputs)), logvar)
    model.output = set_layer(decoder, offset)
    return model.eval()


def set_layer(weight, bias):
    weight, bias = torch.as_tensor(np.asarray(weight, np.float32)), torch.as_tensor(np.asarray(bias, np.float32))
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data.copy_(weight)
    layer.bias.data.copy_(bias)
    return layer


def latent_of(features, mu, sigma):
    """Latent map with these means, and standard deviations."""
    mu = np.asarray(mu, np.float32)
    n, n_latent = mu.shape
    dimensions = np.array([f"latent {i}" for i in range(1, n_latent + 1)])
    sigma = np.broadcast_to(np.float32(sigma), mu.shape)
    return Latent(features.sequences, dimensions, mu, sigma, np.zeros(n, np.float32), np.zeros(n, np.float32))
