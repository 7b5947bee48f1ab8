from latentseq.arrays import read_arrays
from latentseq.defaults import fill_in_clusters
from latentseq.group_markers import find_markers, read_named
from latentseq.groups import describe_groups
from latentseq.latent import read_latent
from latentseq.levels import leiden_split
from latentseq.logs import start_log
from latentseq.newick import write_newick
from latentseq.representatives import write_representatives
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table, write_table

start_log(snakemake.log[0])
depth = read_arrays(snakemake.input.depth)
settings = fill_in_clusters(snakemake.params.cluster, contigs=len(depth["samples"]) > 0)
sequences = read_sequences(snakemake.input.sequences)
found = describe_groups(
    read_latent(snakemake.input.latent),
    read_table(snakemake.input.clusters, required=("sequence", "cluster", "support")),
    sequences,
    split=leiden_split(settings["n_neighbors"], settings["fineness"], snakemake.params.seed),
    draws=settings["support_draws"],
    quantile=snakemake.params.quantile,
    seed=snakemake.params.seed,
)
bases = read_named(snakemake.input.fasta, sequences["sequence"].to_numpy(str))
markers = find_markers(bases, found.codes, found.tree.names, snakemake.params.k)
write_newick(*found.tree, snakemake.output.tree)
write_table(found.table, snakemake.output.groups)
write_representatives(found.table, snakemake.input.fasta, snakemake.output.representatives)
write_table(markers, snakemake.output.markers)
