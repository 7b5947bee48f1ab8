# Takes <run>/latent.npz and which sequences have reads at all. Gives <run>/clusters.tsv with the support of every sequence, and <run>/map.tsv to look at.


rule cluster_latent:
    input:
        latent=run("latent.npz"),
        sequences=dataset("input/sequences.tsv"),
        depth=dataset("input/depth.npz"),
    output:
        clusters=run("clusters.tsv"),
    log:
        run_log("cluster_latent"),
    benchmark:
        run_benchmark("cluster_latent")
    conda:
        "../../envs/cluster.yaml"
    params:
        cluster=setting("cluster"),
        seed=setting("seed"),
        code=code_of("cluster_latent"),
    message:
        "Clustering run {wildcards.run}"
    script:
        "../../scripts/cluster_latent.py"


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
