# Takes <run>/latent.npz, which sequences have reads at all, and what sequences of different samples, and of one, share. Gives <run>/clusters.tsv with the support of every sequence,
# and <run>/map.tsv to look at. Of transcripts clusters are genes, of what they share (input/pairs.npz). With `assign_to` newcomers get the clusters of an earlier run and a place on its map, and
# <run>/assignments.tsv says why.


if EARLIER:

    rule assign_sequences:
        input:
            latent=run("latent.npz"),
            sequences=dataset("input/sequences.tsv"),
            features=run("features.npz"),
            earlier_features=f"{EARLIER}/features.npz",
            earlier_latent=f"{EARLIER}/latent.npz",
            earlier_clusters=f"{EARLIER}/clusters.tsv",
            earlier_sequences=f"{Path(EARLIER).parent}/input/sequences.tsv",
            earlier_held_out=f"{EARLIER}/held_out.tsv",
            earlier_model=f"{EARLIER}/vae.json",
        output:
            assignments=in_report(run("assignments.tsv"), "assignments", "Assignments"),
            clusters=in_report(run("clusters.tsv"), "clusters", "Clusters"),
        log:
            run_log("assign_sequences"),
        benchmark:
            run_benchmark("assign_sequences")
        conda:
            "../../envs/cluster.yaml"
        params:
            quantile=setting("assign", "quantile"),
            draws=setting("assign", "support_draws"),
            seed=setting("seed"),
            code=code_of("assign_sequences"),
        message:
            "Assigning the sequences of run {wildcards.run} to the clusters of an earlier run"
        script:
            "../../scripts/assign_sequences.py"

    rule place_newcomers:
        input:
            latent=run("latent.npz"),
            earlier_latent=f"{EARLIER}/latent.npz",
            earlier_map=f"{EARLIER}/map.tsv",
        output:
            map=run("map.tsv"),
        log:
            run_log("place_newcomers"),
        benchmark:
            run_benchmark("place_newcomers")
        conda:
            "../../envs/cluster.yaml"
        params:
            code=code_of("place_newcomers"),
        message:
            "Placing the sequences of run {wildcards.run} on the map of an earlier run"
        script:
            "../../scripts/place_newcomers.py"

else:

    rule cluster_latent:
        input:
            **overlaps_of_samples(),
            **homologs_of_contigs(),
            latent=run("latent.npz"),
            sequences=dataset("input/sequences.tsv"),
            depth=dataset("input/depth.npz"),
        output:
            clusters=in_report(run("clusters.tsv"), "clusters", "Clusters"),
        log:
            run_log("cluster_latent"),
        benchmark:
            run_benchmark("cluster_latent")
        wildcard_constraints:
            run=one_of(clustered_by_latent()),
        priority: AHEAD
        conda:
            "../../envs/cluster.yaml"
        params:
            cluster=setting("cluster"),
            seed=setting("seed"),
            code=code_of("cluster_latent"),
        message:
            "Clustering the sequences of run {wildcards.run}"
        script:
            "../../scripts/cluster_latent.py"

    rule cluster_transcripts:
        input:
            pairs=dataset("input/pairs.npz"),
            sequences=dataset("input/sequences.tsv"),
        output:
            clusters=in_report(run("clusters.tsv"), "clusters", "Clusters"),
        log:
            run_log("cluster_transcripts"),
        benchmark:
            run_benchmark("cluster_transcripts")
        wildcard_constraints:
            run=one_of([name for name in RUNS if name not in clustered_by_latent()]),
        priority: AHEAD
        conda:
            "../../envs/cluster.yaml"
        params:
            evidence=setting("genes", "evidence"),
            draws=setting("cluster", "support_draws"),
            stranded=CONFIG["alignments"]["strand"] != "unstranded",
            seed=setting("seed"),
            code=code_of("cluster_transcripts"),
        message:
            "Finding the genes of run {wildcards.run}"
        script:
            "../../scripts/cluster_transcripts.py"

    rule map_latent:
        input:
            latent=run("latent.npz"),
        output:
            map=run("map.tsv"),
        log:
            run_log("map_latent"),
        benchmark:
            run_benchmark("map_latent")
        conda:
            "../../envs/cluster.yaml"
        params:
            seed=setting("seed"),
            code=code_of("map_latent"),
        message:
            "Drawing the map of run {wildcards.run} in two dimensions"
        script:
            "../../scripts/map_latent.py"
