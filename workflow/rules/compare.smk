# Takes what the runs of a dataset left. Gives compare.html, which sets them side by side, and its numbers as tables.

ALL_RUNS = "all runs"  # where `snakemake --report` has what is of no run


rule compare_runs:
    input:
        sequences=dataset("input/sequences.tsv"),
        settings=expand(run("run.yaml"), run=RUNS),
        clusters=expand(run("clusters.tsv"), run=RUNS),
        maps=expand(run("map.tsv"), run=RUNS),
        histories=expand(run("history.tsv"), run=[] if EARLIER else runs_with("vae")),
        evaluations=expand(run("evaluation.tsv"), run=RUNS if CONFIG["labels"] else []),
        bins=expand(run("bins.tsv"), run=makes("bins")),
    output:
        page=in_report(dataset("compare.html"), "comparison", "Comparison", ALL_RUNS),
        table=in_report(
            dataset("compare.tsv"),
            "comparison_table",
            "Comparison in numbers",
            ALL_RUNS,
        ),
        agreement=in_report(
            dataset("agreement.tsv"), "agreement", "Agreement between runs", ALL_RUNS
        ),
    log:
        log_of("compare_runs"),
    benchmark:
        benchmark_of("compare_runs")
    conda:
        "../../envs/report.yaml"
    params:
        dataset=CONFIG["dataset"],
        runs=list(RUNS),
        code=code_of(
            "compare_runs",
            *report_sources(
                "compare.html.j2",
                "table.html.j2",
                "report.css",
                "compare.css",
                "drawing.js",
                "tables.js",
                "compare.js",
            ),
        ),
    message:
        "Setting the runs {params.runs} side by side"
    script:
        "../../scripts/compare_runs.py"
