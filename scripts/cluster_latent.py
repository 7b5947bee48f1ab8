from latentseq.arrays import read_arrays
from latentseq.clustering import cluster_latent
from latentseq.latent import read_latent
from latentseq.logs import start_log
from latentseq.overlaps import read_overlaps
from latentseq.sequence_table import read_sequences
from latentseq.tables import write_table

start_log(snakemake.log[0])
clusters = cluster_latent(
    read_latent(snakemake.input.latent),
    read_sequences(snakemake.input.sequences),
    read_arrays(snakemake.input.depth),
    read_overlaps(snakemake.input.get("overlaps")),
    seed=snakemake.params.seed,
    **snakemake.params.cluster,
)
write_table(clusters, snakemake.output.clusters)
