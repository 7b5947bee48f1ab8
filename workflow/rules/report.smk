# Takes all that a run left. Gives <run>/run.yaml (settings, versions, checksums) and <run>/report.html.


rule describe_run:
    input:
        files=dataset("input/files.tsv"),
        depth_facts=expand(dataset("input/depth/{sample}.tsv"), sample=BAMS),
        model=of_model("vae.json"),
        tables=[CONFIG[key] for key in ("depth", "labels") if CONFIG[key]],
    output:
        settings=run("run.yaml"),
    log:
        run_log("describe_run"),
    benchmark:
        run_benchmark("describe_run")
    conda:
        "../../envs/report.yaml"
    params:
        settings=lambda wildcards: RUNS[wildcards.run],
        run="{run}",
        code=code_of("describe_run"),
    message:
        "Writing down settings, versions and checksums of run {wildcards.run}"
    script:
        "../../scripts/describe_run.py"


rule write_report:
    input:
        sequences=dataset("input/sequences.tsv"),
        files=dataset("input/files.tsv"),
        references=dataset("input/references.tsv") if BAMS else [],
        depth=dataset("input/depth.npz"),
        depth_facts=expand(dataset("input/depth/{sample}.tsv"), sample=BAMS),
        encoding=run("encoding.tsv"),
        history=of_model("history.tsv"),
        latent_map=run("map.tsv"),
        clusters=run("clusters.tsv"),
        bins=of_product("bins", "bins.tsv"),
        evaluations=evaluations,
        settings=run("run.yaml"),
    output:
        report=run("report.html"),
    log:
        run_log("write_report"),
    benchmark:
        run_benchmark("write_report")
    conda:
        "../../envs/report.yaml"
    params:
        dataset=CONFIG["dataset"],
        run="{run}",
        template_folder=str(LIBRARY.parent / "workflow" / "report"),
        code=code_of(
            "write_report",
            *(
                f"../report/{name}"
                for name in ("report.html.j2", "report.css", "report.js")
            ),
        ),
    message:
        "Writing the report of run {wildcards.run}"
    script:
        "../../scripts/write_report.py"
