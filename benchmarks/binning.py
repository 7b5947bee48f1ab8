#!/usr/bin/env python3
"""Bin a metagenome of known genomes: quality of the bins for several seeds beside `pca`, time and memory of each step.

usage: binning.py FOLDER [--seeds 1 2 3] [--min-length 2000] [--co-assembly] [--samples S1 S2] [--assemblies S1]
                  [--settings MORE.yaml] [--score score_bins.py] [--work results/benchmarks] [--cores 2]

FOLDER holds contigs.fna.gz, truth.tsv, and samples.tsv (with bam/) or depth.tsv; see communities.py. For a
co-assembly k-means on principal components with the true number of genomes stands beside the runs.
"""

import argparse
from pathlib import Path
from typing import Any

from communities import (
    Community,
    add_community_options,
    open_community,
    score_bins,
    write_labels,
    write_sheet,
)
from workflow_runs import (
    N_COMPONENTS,
    OF_BINS,
    add_run_options,
    evaluate_kmeans,
    print_table,
    read_evaluation,
    read_steps,
    run_workflow,
    seeded_runs,
    total_seconds,
)


def workflow_settings(community: Community, seeds: list[int], labels: Path) -> dict[str, Any]:
    """Settings that a user would write for this community."""
    depth = {"depth": str(community.depth)} if community.depth else {"samples": str(write_sheet(community))}
    separator = {"separator": community.separator} if community.separator else {}
    return {
        "dataset": community.name,
        "sequences": str(community.contigs),
        **depth,
        "labels": str(labels),
        "min_length": community.min_length,
        **separator,
        "seed": seeds[0],
        "runs": seeded_runs(seeds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_community_options(parser)
    add_run_options(parser)
    options = parser.parse_args()
    community = open_community(options)
    labels = write_labels(community)
    settings = workflow_settings(community, options.seeds, labels)
    results = run_workflow(settings, community.work, options.cores, below=[options.settings])
    runs = [*settings["runs"], "pca"]
    steps = read_steps(results, runs)
    rows = [
        {
            "run": run,
            **read_evaluation(results, run, OF_BINS),
            **score_bins(options.score, community, results / run / "clusters.tsv"),
            "seconds": total_seconds(steps, run),
        }
        for run in runs
    ]
    if not community.separator:
        kmeans = evaluate_kmeans(results, runs[0], labels, OF_BINS, options.seeds[0])
        rows.append({"run": f"k-means on PCA({N_COMPONENTS}), true number"} | kmeans)
    print_table(f"Bins of {community.name}", rows)
    print_table("Time and peak memory of each step", steps)


if __name__ == "__main__":
    main()
