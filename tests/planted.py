"""Small features and point clouds whose groups are known."""

import numpy as np
from latentseq.encoding import standardised
from latentseq.features import Block, Features
from latentseq.training import TrainingSettings

SAMPLES = 4
SHAPE = {"n_latent": 4, "n_hidden": 32, "n_layers": 1, "dropout": 0.0}
SETTINGS = TrainingSettings(
    max_epochs=6,
    batch_size=32,
    learning_rate=3e-3,
    kl_weight=0.05,
    kl_warmup=2,
    held_out=0.1,
    patience=20,
    checkpoint_epochs=2,
    seed=7,
)


def planted_features(
    per_group: int = 40, groups: int = 3, samples: int = SAMPLES, seed: int = 0
) -> tuple[Features, np.ndarray]:
    """Features of sequences of a few genomes, and the genome of each; few columns, so that training is fast."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), per_group)
    n = len(truth)
    composition = random.normal(0, 2, (groups, 10))[truth] + random.normal(0, 0.7, (n, 10))
    blocks = {"composition": standardised(composition.astype(np.float32), column_names("word", 10))}
    if samples > 1:
        shares = random.dirichlet(np.ones(samples), groups)[truth] * random.uniform(0.9, 1.1, (n, samples))
        shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
        zeros, ones = np.zeros(samples, np.float32), np.ones(samples, np.float32)
        blocks["abundance"] = Block(shares, column_names("sample", samples), zeros, ones)
    if samples:
        total = random.normal(0, 2, (groups, 1))[truth] + random.normal(0, 0.3, (n, 1))
        blocks["total_depth"] = standardised(total.astype(np.float32), np.array(["log total depth"]))
    names = np.array([f"sequence{i}" for i in range(1, n + 1)])
    return Features(names, random.integers(2000, 50_000, n), blocks), truth


def column_names(word: str, number: int) -> np.ndarray:
    """Names of columns: word 1, word 2, ..."""
    return np.array([f"{word} {i}" for i in range(1, number + 1)])


def blobs(sizes: list[int], centres: list[list[float]], spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Round Gaussian clouds of the given sizes about their centres, and the cloud of each row."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    centre = np.array(centres, float)[truth]
    return (centre + random.normal(0, spread, centre.shape)).astype(np.float32), truth


def cube_blobs(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Eight clouds of 30, 32, ... 44 rows at the corners of a cube, far apart."""
    corners = [[x, y, z] for x in (0, 20) for y in (0, 20) for z in (0, 20)]
    return blobs([30 + 2 * i for i in range(8)], corners, 1, seed)


def same_partition(labels: np.ndarray, truth: np.ndarray) -> bool:
    """Whether two labellings group the rows in the same way."""
    pairs = {(str(a), str(b)) for a, b in zip(labels, truth, strict=True)}
    return len(pairs) == len(np.unique(labels)) == len(np.unique(truth))
