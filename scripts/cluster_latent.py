from latentseq.arrays import read_arrays
from latentseq.clustering import cluster_latent
from latentseq.defaults import fill_in_clusters
from latentseq.latent import read_latent
from latentseq.logs import start_log
from latentseq.overlaps import read_overlaps
from latentseq.sequence_table import read_sequences
from latentseq.tables import write_table

start_log(snakemake.log[0])
depth = read_arrays(snakemake.input.depth)
clusters = cluster_latent(
    read_latent(snakemake.input.latent),
    read_sequences(snakemake.input.sequences),
    depth,
    read_overlaps(snakemake.input.get("overlaps")),
    read_overlaps(snakemake.input.get("homologs")),
    seed=snakemake.params.seed,
    **fill_in_clusters(snakemake.params.cluster, contigs=len(depth["samples"]) > 0),
)
write_table(clusters, snakemake.output.clusters)
