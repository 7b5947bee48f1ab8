# Takes <run>/clusters.tsv and the labels. Gives <run>/evaluation.tsv.


if CONFIG["labels"]:

    rule evaluate_clusters:
        input:
            clusters=run("clusters.tsv"),
            sequences=dataset("input/sequences.tsv"),
            labels=CONFIG["labels"],
        output:
            evaluation=in_report(
                run("evaluation.tsv"), "evaluation", "Comparison with the labels"
            ),
        log:
            run_log("evaluate_clusters"),
        benchmark:
            run_benchmark("evaluate_clusters")
        conda:
            "../../envs/products.yaml"
        params:
            min_bin_size=smallest_bin,
            code=code_of("evaluate_clusters"),
        message:
            "Comparing the clusters of run {wildcards.run} with the labels"
        script:
            "../../scripts/evaluate_clusters.py"
