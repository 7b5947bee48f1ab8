from latentseq.logs import start_log
from latentseq.report import read_report_input, write_report

start_log(snakemake.log[0])
content = read_report_input(
    dataset=snakemake.params.dataset,
    run=snakemake.params.run,
    sequences=snakemake.input.sequences,
    files=snakemake.input.files,
    clusters=snakemake.input.clusters,
    latent_map=snakemake.input.latent_map,
    depth=snakemake.input.depth,
    settings=snakemake.input.settings,
    depth_facts=snakemake.input.get("depth_facts", []),
    references=snakemake.input.get("references", []),
    encoding=snakemake.input.get("encoding", []),
    history=snakemake.input.get("history", []),
    bins=snakemake.input.get("bins", []),
    evaluations=snakemake.input.get("evaluations", []),
)
write_report(snakemake.output.report, content, snakemake.params.template_folder)
