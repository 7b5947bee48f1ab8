from latentseq.annotated import read_annotated_input, write_latent_h5ad
from latentseq.logs import start_log

start_log(snakemake.log[0])
content = read_annotated_input(
    sequences=snakemake.input.sequences,
    latent=snakemake.input.latent,
    clusters=snakemake.input.clusters,
    latent_map=snakemake.input.latent_map,
    settings=snakemake.input.settings,
    history=snakemake.input.get("history", []),
    labels=snakemake.input.get("labels", []),
    table=snakemake.input.get("table", []),
)
write_latent_h5ad(snakemake.output.h5ad, **content)
