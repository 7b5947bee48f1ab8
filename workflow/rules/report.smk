# Takes all that a run left. Gives <run>/run.yaml (settings, versions, checksums), <run>/report.html and
# <run>/run.crate.zip.


rule describe_run:
    input:
        files=[dataset("input/files.tsv"), *mapped_reads()],
        depth_facts=expand(
            dataset("input/depth/{sample}.tsv"), sample=BAMS if DEPTH_OF else []
        ),
        model=model_file("vae.json") if EARLIER else of_model("vae.json"),
        others=[CONFIG[key] for key in OTHER_INPUTS if CONFIG[key]]
        + ([f"{EARLIER}/vae.safetensors"] if EARLIER else []),
    output:
        settings=in_report(run("run.yaml"), "settings", "Settings and versions"),
    log:
        run_log("describe_run"),
    benchmark:
        run_benchmark("describe_run")
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: RUNS[wildcards.run],
        run="{run}",
        beside=beside_differences,
        code=code_of("describe_run"),
    message:
        "Writing down settings, versions and checksums of run {wildcards.run}"
    script:
        "../../scripts/describe_run.py"


rule write_report:
    input:
        **given("labels"),
        sequences=dataset("input/sequences.tsv"),
        files=dataset("input/files.tsv"),
        references=dataset("input/references.tsv") if BAMS and DEPTH_OF else [],
        mapped=mapped_reads(),
        depth=dataset("input/depth.npz"),
        depth_facts=expand(dataset("input/depth/{sample}.tsv"), sample=DEPTH_OF),
        encoding=run("encoding.tsv") if METHOD == "kmer" else [],
        history=[] if EARLIER else of_model("history.tsv"),
        features=run("features.npz"),
        latent=run("latent.npz"),
        held_out=[] if EARLIER else of_model("held_out.tsv"),
        dimensions=of_model("dimensions.tsv"),
        reconstruction=of_product("reconstruction", "reconstruction.tsv"),
        columns=of_product("reconstruction", "columns.tsv"),
        scores=of_product("scores", "scores.tsv"),
        substitutions=lambda wildcards: (
            run("substitutions.tsv").format(run=wildcards.run)
            if wildcards.run in scored_substitutions()
            else []
        ),
        generated=of_product("generated", GENERATED[METHOD]),
        fidelity=of_product("generated", "fidelity.tsv"),
        walk=of_product("generated", "walk.npz"),
        assignments=run("assignments.tsv") if EARLIER else [],
        earlier_map=f"{EARLIER}/map.tsv" if EARLIER else [],
        earlier_clusters=f"{EARLIER}/clusters.tsv" if EARLIER else [],
        insertions=dataset("input/insertions.tsv") if CONFIG["region"] else [],
        reads=dataset("input/reads.tsv") if CONFIG["region"] else [],
        groups=of_product("groups", "groups/groups.tsv"),
        markers=of_product("groups", "groups/markers.tsv"),
        tree=of_product("groups", "groups/tree.nwk"),
        genes=of_product("genes", "genes/genes.tsv"),
        switches=of_product("genes", "genes/switches.tsv") if SHARED else [],
        latent_map=run("map.tsv"),
        clusters=run("clusters.tsv"),
        bins=of_product("bins", "bins.tsv"),
        evaluations=evaluations,
        settings=run("run.yaml"),
    output:
        report=in_report(run("report.html"), "report", "Report"),
    log:
        run_log("write_report"),
    benchmark:
        run_benchmark("write_report")
    conda:
        "../../envs/report.yaml"
    params:
        dataset=dataset_name,
        run="{run}",
        code=code_of(
            "write_report",
            *report_sources(
                "report.html.j2",
                "table.html.j2",
                "map.html.j2",
                "bins.html.j2",
                "found.html.j2",
                "levels.html.j2",
                "genes.html.j2",
                "trust.html.j2",
                "truth.html.j2",
                "methods.html.j2",
                "report.css",
                "map.css",
                "trust.css",
                "levels.css",
                "drawing.js",
                "saving.js",
                "selection.js",
                "points.js",
                "colours.js",
                "map.js",
                "search.js",
                "chosen.js",
                "products.js",
                "tables.js",
                "bins.js",
                "bin_details.js",
                "trust.js",
                "methods.js",
                "report.js",
            ),
        ),
    message:
        "Writing the report of run {wildcards.run}"
    script:
        "../../scripts/write_report.py"


rule write_crate:
    input:
        settings=run("run.yaml"),
        results=results_of_run,
    output:
        crate=run("run.crate.zip"),
    log:
        run_log("write_crate"),
    benchmark:
        run_benchmark("write_crate")
    conda:
        "../../envs/report.yaml"
    params:
        dataset=CONFIG["dataset"],
        run="{run}",
        code=code_of("write_crate", "../Snakefile"),
    message:
        "Packing run {wildcards.run} as an RO-Crate"
    script:
        "../../scripts/write_crate.py"
