# Takes what a run found and the dataset's input. Gives <run>/bins/, <run>/bins.tsv and <run>/clusters.biobox.tsv,
# <run>/groups/ (levels, representatives and markers of groups), and <run>/latent.h5ad for scanpy.


rule write_bins:
    input:
        **homologs_of_contigs(),
        clusters=run("clusters.tsv"),
        fasta=dataset("input/sequences.fna.gz"),
        fai=dataset("input/sequences.fna.gz.fai"),
        gzi=dataset("input/sequences.fna.gz.gzi"),
        sequences=dataset("input/sequences.tsv"),
        depth=dataset("input/depth.npz"),
    output:
        folder=directory(run("bins")),
        bins=in_report(run("bins.tsv"), "bins", "Bins"),
    log:
        run_log("write_bins"),
    benchmark:
        run_benchmark("write_bins")
    priority: AHEAD
    conda:
        "../../envs/products.yaml"
    params:
        min_bin_size=setting("min_bin_size"),
        code=code_of("write_bins"),
    message:
        "Writing the bins of run {wildcards.run}"
    script:
        "../../scripts/write_bins.py"


rule write_groups:
    input:
        latent=run("latent.npz"),
        clusters=run("clusters.tsv"),
        sequences=dataset("input/sequences.tsv"),
        fasta=dataset("input/sequences.fna.gz"),
        depth=dataset("input/depth.npz"),
    output:
        tree=in_report(run("groups/tree.nwk"), "tree", "Tree of groups"),
        groups=in_report(run("groups/groups.tsv"), "groups", "Groups"),
        markers=in_report(run("groups/markers.tsv"), "markers", "Markers of groups"),
        representatives=run("groups/representatives.fna.gz"),
    log:
        run_log("write_groups"),
    benchmark:
        run_benchmark("write_groups")
    conda:
        "../../envs/products.yaml"
    params:
        cluster=setting("cluster"),
        k=setting("encode", "k"),
        quantile=setting("assign", "quantile"),
        seed=setting("seed"),
        code=code_of("write_groups"),
    message:
        "Writing levels, representatives and markers of the groups of run {wildcards.run}"
    script:
        "../../scripts/write_groups.py"


rule write_biobox:
    input:
        clusters=run("clusters.tsv"),
        sequences=dataset("input/sequences.tsv"),
    output:
        biobox=run("clusters.biobox.tsv"),
    log:
        run_log("write_biobox"),
    benchmark:
        run_benchmark("write_biobox")
    conda:
        "../../envs/products.yaml"
    params:
        sample_id=CONFIG["dataset"],
        code=code_of("write_biobox"),
    message:
        "Writing the clusters of run {wildcards.run} in CAMI's form, for AMBER"
    script:
        "../../scripts/write_biobox.py"


rule write_h5ad:
    input:
        **given("labels"),
        sequences=dataset("input/sequences.tsv"),
        latent=run("latent.npz"),
        clusters=run("clusters.tsv"),
        latent_map=run("map.tsv"),
        history=[] if EARLIER else of_model("history.tsv"),
        settings=run("run.yaml"),
        table=dataset("input/table.npz") if METHOD == "table" else [],
    output:
        h5ad=run("latent.h5ad"),
    log:
        run_log("write_h5ad"),
    benchmark:
        run_benchmark("write_h5ad")
    conda:
        "../../envs/products.yaml"
    params:
        code=code_of("write_h5ad"),
    message:
        "Writing latent.h5ad of run {wildcards.run}, for scanpy"
    script:
        "../../scripts/write_h5ad.py"


rule write_genes:
    input:
        **({"counts": dataset("input/counts.npz")} if SHARED else {}),
        clusters=run("clusters.tsv"),
        sequences=dataset("input/sequences.tsv"),
        fasta=dataset("input/sequences.fna.gz"),
    output:
        **counts_of_genes(),
        genes=in_report(run("genes/genes.tsv"), "genes", "Genes"),
        representatives=run("genes/representatives.fna.gz"),
    log:
        run_log("write_genes"),
    benchmark:
        run_benchmark("write_genes")
    priority: AHEAD
    conda:
        "../../envs/products.yaml"
    params:
        conditions=sheet_columns("sample", "condition"),
        code=code_of("write_genes"),
    message:
        "Writing the genes of run {wildcards.run}, and their reads"
    script:
        "../../scripts/write_genes.py"
