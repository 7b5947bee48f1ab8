from latentseq.logs import start_log
from latentseq.report import write_report
from latentseq.report_input import read_products, read_report_input

start_log(snakemake.log[0])
products = read_products(
    dimensions=snakemake.input.get("dimensions", []),
    reconstruction=snakemake.input.get("reconstruction", []),
    columns=snakemake.input.get("columns", []),
    scores=snakemake.input.get("scores", []),
    substitutions=snakemake.input.get("substitutions", []),
    generated=snakemake.input.get("generated", []),
    fidelity=snakemake.input.get("fidelity", []),
    walk=snakemake.input.get("walk", []),
    assignments=snakemake.input.get("assignments", []),
    earlier_map=snakemake.input.get("earlier_map", []),
    earlier_clusters=snakemake.input.get("earlier_clusters", []),
    insertions=snakemake.input.get("insertions", []),
    reads=snakemake.input.get("reads", []),
    groups=snakemake.input.get("groups", []),
    markers=snakemake.input.get("markers", []),
    tree=snakemake.input.get("tree", []),
    genes=snakemake.input.get("genes", []),
    switches=snakemake.input.get("switches", []),
)
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
    mapped=snakemake.input.get("mapped", []),
    encoding=snakemake.input.get("encoding", []),
    features=snakemake.input.features,
    latent=snakemake.input.latent,
    held_out=snakemake.input.get("held_out", []),
    labels=snakemake.input.get("labels", []),
    history=snakemake.input.get("history", []),
    bins=snakemake.input.get("bins", []),
    evaluations=snakemake.input.get("evaluations", []),
    products=products,
)
write_report(snakemake.output.report, content)
