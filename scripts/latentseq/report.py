"""The report: one offline HTML page that says what went in, what came out and how it was computed.

This module computes and words what the page says; `workflow/report/report.html.j2` lays it out, `report.css`
dresses it, `report.js` draws the figures with plotly.js and sorts the tables. Everything is inlined. All
names are data: Jinja2 escapes them in HTML and (`tojson`) in the JSON blocks that the script reads.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from latentseq.arrays import read_arrays
from latentseq.bins import join_clusters
from latentseq.evaluation import compare_evaluations
from latentseq.figures import loss_figure, map_figure
from latentseq.files import whole_file
from latentseq.report_tables import (
    alignment_table,
    bins_table,
    checksum_table,
    evaluation_table,
    plain_table,
    version_table,
)
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table
from latentseq.wording import count_of, format_bases, format_count, format_share

logger = logging.getLogger(__name__)

FEW_SAMPLES = 3  # with fewer, depth hardly tells related genomes apart

OptionalPath = str | Path | Sequence[str]  # a path, or an empty list where Snakemake was given none


@dataclass(frozen=True)
class ReportInput:
    """All that a report tells; None where a job has no such thing.

    sequences: as from `read_sequences`. The other tables are text, as from `read_table`.
    depth: arrays of depth.npz. depth_facts: facts of the alignments by sample (columns `fact`, `value`).
    encoding: facts of the k-mers, likewise.
    evaluation: what `compare_evaluations` gives, this run first. settings: run.yaml, with the keys
    `settings`, `versions`, `seed`, `device` and `checksums`, each of which may be absent.
    """

    dataset: str
    run: str
    sequences: pd.DataFrame
    files: pd.DataFrame
    clusters: pd.DataFrame
    latent_map: pd.DataFrame
    depth: Mapping[str, np.ndarray]
    settings: Mapping[str, Any]
    depth_facts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    references: pd.DataFrame | None = None
    encoding: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    bins: pd.DataFrame | None = None
    evaluation: pd.DataFrame | None = None


def read_report_input(
    *,
    dataset: str,
    run: str,
    sequences: str | Path,
    files: str | Path,
    clusters: str | Path,
    latent_map: str | Path,
    depth: str | Path,
    settings: str | Path,
    depth_facts: Sequence[str | Path] = (),
    references: OptionalPath = (),
    encoding: OptionalPath = (),
    history: OptionalPath = (),
    bins: OptionalPath = (),
    evaluations: Sequence[str | Path] = (),
) -> ReportInput:
    """Read the files of a run. A file that there is not is given as an empty list, as in Snakemake.

    The facts of a sample are in `<sample>.tsv`; the evaluation of a run is in the folder `<run>/`.
    """
    runs = {Path(path).parent.name: path for path in evaluations}
    ordered = {name: runs[name] for name in sorted(runs, key=lambda name: name != run)}
    return ReportInput(
        dataset=dataset,
        run=run,
        sequences=read_sequences(sequences),
        files=read_table(files),
        clusters=read_table(clusters, required=("sequence", "cluster", "support")),
        latent_map=read_table(latent_map, required=("sequence", "x", "y")),
        depth=read_arrays(depth),
        settings=yaml.safe_load(Path(settings).read_text(encoding="utf-8")),
        depth_facts={Path(path).stem: read_table(path, required=("fact", "value")) for path in depth_facts},
        references=_read_optional(references),
        encoding=_read_optional(encoding),
        history=_read_optional(history),
        bins=_read_optional(bins),
        evaluation=compare_evaluations(ordered) if ordered else None,
    )


def _read_optional(path: OptionalPath) -> pd.DataFrame | None:
    if isinstance(path, str | Path):
        return read_table(path)
    return read_table(path[0]) if path else None


def write_report(path: str | Path, content: ReportInput, template_folder: str | Path) -> None:
    """Write the page, whole or not at all; the same content gives the same bytes."""
    page = render_report(content, template_folder)
    with whole_file(path) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")
    logger.info("Wrote the report, %.1f MB.", len(page) / 1e6)


def render_report(content: ReportInput, template_folder: str | Path) -> str:
    """Return the page as text."""
    folder = Path(template_folder)
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return environment.get_template("report.html.j2").render(
        **describe_page(content),
        style=(folder / "report.css").read_text(encoding="utf-8"),
        script=(folder / "report.js").read_text(encoding="utf-8"),
        plotly=get_plotlyjs(),
    )


def describe_page(content: ReportInput) -> dict[str, Any]:
    """Return all that the template names: sentences, tables and figures."""
    settings = content.settings
    return {
        "dataset": content.dataset,
        "run": content.run,
        "tiles": key_figures(content),
        "sentences": [*describe_input(content), *describe_result(content), *describe_truth(content)],
        "map": map_figure(content.sequences, content.clusters, content.latent_map, content.depth, content.bins),
        "loss": None if content.history is None else loss_figure(content.history),
        "training": describe_training(content.history),
        "bins": None if content.bins is None else bins_table(content.bins),
        "evaluation": None if content.evaluation is None else evaluation_table(content.evaluation),
        "files": plain_table(content.files),
        "encoding": None if content.encoding is None else plain_table(content.encoding),
        "alignments": alignment_table(content.depth_facts),
        "references": None if content.references is None else plain_table(content.references),
        "settings": yaml.safe_dump(settings.get("settings", {}), sort_keys=False, allow_unicode=True),
        "versions": version_table(settings.get("versions", {})),
        "seed": settings.get("seed", "not recorded"),
        "device": settings.get("device", "not recorded"),
        "checksums": checksum_table(settings.get("checksums", {})),
    }


def key_figures(content: ReportInput) -> list[tuple[str, str]]:
    """Return the figures at the top of the page, each a value and what it counts."""
    lengths = content.sequences["length"]
    figures = [
        (format_count(len(lengths)), "sequences"),
        (format_bases(lengths.sum()), "of sequence"),
        (format_count(content.clusters["cluster"].replace("", np.nan).nunique()), "clusters"),
    ]
    if len(content.depth["samples"]):
        figures.insert(2, (format_count(len(content.depth["samples"])), "samples with depth"))
    if content.bins is not None:
        binned = content.bins["bases"].astype("int64").sum() / lengths.sum()
        figures += [(format_count(len(content.bins)), "bins"), (format_share(binned), "of bases in bins")]
    measures = run_measures(content)
    if "near_complete" in measures:
        found, of = measures["near_complete"], measures["recoverable"]
        figures.append((f"{found} of {of}", "genomes near complete"))
    elif "ari" in measures:
        figures.append((f"{float(measures['ari']):.3f}", "adjusted Rand index"))
    return figures


def describe_input(content: ReportInput) -> list[str]:
    """Say in sentences what was read, what was dropped and where depth is missing."""
    lengths = content.sequences["length"]
    read = content.files[["sequences", "bases"]].astype("int64").sum()
    short = int(content.files["too_short"].astype("int64").sum())
    share = format_share(lengths.sum() / read["bases"])
    sentences = [
        f"{format_count(len(lengths))} of {count_of(read['sequences'], 'sequence', 'sequences')} were kept, "
        f"with {share} of the {format_bases(read['bases'])} in the input"
        + (f"; {count_of(short, 'was', 'were')} too short." if short else ".")
    ]
    samples, depth = content.depth["samples"], content.depth["depth"]
    if not len(samples):
        return [*sentences, "There is no depth: the map rests on composition alone."]
    without = int((depth.sum(axis=1) == 0).sum())
    if without:
        seen = "in the sample" if len(samples) == 1 else f"in any of the {len(samples)} samples"
        kept = count_of(without, "kept sequence has", "kept sequences have")
        sentences.append(f"{kept} no read {seen} and belong to no cluster.")
    return [*sentences, *_warn_of_few(len(samples))]


def _warn_of_few(n_samples: int) -> list[str]:
    if n_samples >= FEW_SAMPLES:
        return []
    given = "one sample" if n_samples == 1 else f"{n_samples} samples"
    return [
        f"With {given} depth says little about which sequences belong together, and the map rests mostly on "
        "composition: genomes that are alike in it, and short sequences, may share a cluster. The reads of a few "
        "more samples help more than any setting."
    ]


def describe_result(content: ReportInput) -> list[str]:
    """Say in sentences which clusters and bins there are and how well they are supported."""
    contigs = join_clusters(content.clusters, content.sequences)
    lengths, support = contigs["length"], contigs["support"]
    members = contigs["cluster"][contigs["cluster"] != ""].value_counts()
    alone = int((members == 1).sum())
    sentence = f"They form {count_of(len(members), 'cluster', 'clusters')}"
    sentence += f", {format_count(alone)} of a single sequence" if alone else ""
    sentences = [f"{sentence}.", *_describe_bins(content.bins)]
    if support.notna().any():
        firm = lengths[support >= 0.9].sum() / lengths.sum()
        sentences.append(
            f"{format_share(firm)} of all bases lie in sequences that stay with their cluster in at least "
            "nine of ten draws of the latent variables (support)."
        )
    return sentences


def _describe_bins(bins: pd.DataFrame | None) -> list[str]:
    if bins is None:
        return []
    if bins.empty:
        return ["No cluster is large enough to be a bin."]
    sizes = bins["bases"].astype("int64")
    found = count_of(len(sizes), "cluster is", "clusters are")
    return [f"{found} large enough for a bin: {format_bases(sizes.min())} to {format_bases(sizes.max())}."]


def run_measures(content: ReportInput) -> dict[str, str]:
    """Return the measures of this run; empty without truth, or where this run was not evaluated."""
    if content.evaluation is None or content.run not in content.evaluation:
        return {}
    measures = dict(zip(content.evaluation["measure"], content.evaluation[content.run], strict=True))
    return {name: value for name, value in measures.items() if value}


def describe_truth(content: ReportInput) -> list[str]:
    """Say in a sentence how the clusters compare with the labels, where there are any."""
    measures = run_measures(content)
    if "near_complete" in measures:
        return [
            f"By the labels given, {measures['near_complete']} of {measures['recoverable']} genomes that can "
            f"be recovered are near complete, and {measures['medium_quality']} at least of medium quality."
        ]
    if "ari" in measures:
        return [f"The clusters agree with the labels with an adjusted Rand index of {float(measures['ari']):.3f}."]
    return []


def describe_training(history: pd.DataFrame | None) -> str:
    """Say how long training took and when the held-out loss was lowest."""
    if history is None or history.empty:
        return ""
    sentence = f"Training took {format_count(len(history))} epochs"
    held_out = history.get("held_out_loss", pd.Series(dtype=str)).replace("", "nan").astype(float)
    if held_out.notna().any():
        best = held_out.idxmin()
        sentence += f"; the held-out loss was lowest ({held_out[best]:.4g}) in epoch {history['epoch'][best]}"
    return f"{sentence}."
