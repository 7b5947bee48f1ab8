"""A small run of contigs as a report takes it, for the tests of what the report says."""

from dataclasses import replace

import numpy as np
import pandas as pd
from latentseq.latent import Latent
from latentseq.report_input import Products, ReportInput

SETTINGS = {
    "min_length": 2000,
    "min_bin_size": 200_000,
    "alignments": {"min_identity": 0.95, "min_mapq": 0, "exclude_flags": 3844, "trim_ends": 75},
    "encode": {"method": "kmer", "k": 4, "project": True},
    "model": "vae",
    "vae": {"n_latent": 4, "n_hidden": 64, "n_layers": 2, "dropout": 0.2, "kl_weight": 0.001, "free_bits": 0},
    "training": {
        "max_epochs": 20,
        "batch_size": 256,
        "learning_rate": 0.001,
        "kl_warmup": 2,
        "held_out": 0.1,
    },
    "cluster": {
        "method": "leiden",
        "n_neighbors": 25,
        "fineness": 0.045,
        "support_draws": 10,
        "fragment_share": 0.1,
        "doubled_share": 0.1,
        "min_following": 0.5,
    },
}
NUMBER = 200  # sequences: 100 of each of two clusters


def facts(**values):
    """A table of facts and values."""
    return pd.DataFrame({"fact": list(values), "value": [str(value) for value in values.values()]})


def history_of(losses, held_out=None):
    """A table of epochs as history.tsv has it."""
    table = pd.DataFrame({"epoch": range(1, len(losses) + 1), "loss": losses})
    return (table if held_out is None else table.assign(held_out_loss=held_out)).astype(str)


def falling(epochs):
    """Losses that fall quickly, and no more at the end."""
    return list(1 + np.exp(-np.arange(epochs) / 2))


def healthy(**changes):
    """Two clusters of 100 contigs of 4 kb, with depth in three samples, and nothing wrong with them."""
    names = np.array([f"c{number}" for number in range(NUMBER)])
    random = np.random.default_rng(1)
    cluster = np.repeat(["1", "2"], NUMBER // 2)
    held_out = frozenset(names[::8])
    latent = Latent(
        sequences=names,
        dimensions=np.array([f"latent {number}" for number in range(1, 5)]),
        mu=random.standard_normal((NUMBER, 4)).astype(np.float32),
        sigma=np.full((NUMBER, 4), 0.1, np.float32),
        reconstruction_loss=(1 + 0.1 * random.standard_normal(NUMBER)).astype(np.float32),
        kl=np.ones(NUMBER, np.float32),
    )
    depth = np.column_stack([random.uniform(4.5, 5.5, NUMBER) for _ in range(3)]).astype(np.float32)
    content = ReportInput(
        dataset="soil",
        run="main",
        sequences=pd.DataFrame({"sequence": names, "sample": "", "length": 4000, "gc": 0.5, "original": names}),
        files=pd.DataFrame({"file": ["in.fna"], "sequences": ["205"], "bases": ["805000"], "kept": ["200"]}).assign(
            kept_bases="800000", too_short="5", sha256="ab"
        ),
        clusters=pd.DataFrame({"sequence": names, "cluster": cluster, "support": "1"}),
        latent_map=pd.DataFrame({"sequence": names, "x": "0", "y": "1"}),
        depth={"sequences": names, "samples": np.array(["S1", "S2", "S3"]), "depth": depth},
        settings={
            "settings": SETTINGS,
            "versions": {"latentseq": "0.1.0", "torch": "2.13.0"},
            "seed": 7,
            "device": "cpu",
        },
        depth_facts={"S1": facts(records=1000, used=900, secondary=50)},
        encoding=facts(**{"k": 4, "share skipped over N": 0.001, "sequences without any k-mer": 0}),
        latent=latent,
        held_out=held_out,
        labels=pd.DataFrame({"sequence": names, "label": cluster, "genome_length": 0}),
        history=history_of(falling(20), falling(20)),
        bins=pd.DataFrame({"bin": ["bin_1", "bin_2"], "cluster": ["1", "2"], "sample": ""}).assign(
            contigs="100", bases="400000", n50="4000", gc="0.5", longest="4000", support="1"
        ),
        products=Products(dimensions=pd.DataFrame({"dimension": list("abcd"), "active": "yes"})),
    )
    return replace(content, **changes)


def with_settings(content, **changes):
    """The same run with other settings; a section that is a mapping is changed in part."""
    merged = {
        name: {**SETTINGS.get(name, {}), **value} if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    return replace(content, settings={**content.settings, "settings": {**SETTINGS, **merged}})
