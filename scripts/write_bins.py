from latentseq.arrays import read_arrays
from latentseq.bins import describe_bins, write_bin_files
from latentseq.logs import start_log
from latentseq.overlaps import read_overlaps
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table, write_table

start_log(snakemake.log[0])
clusters = read_table(snakemake.input.clusters, required=("sequence", "cluster", "support"))
sequences = read_sequences(snakemake.input.sequences)
depth = read_arrays(snakemake.input.depth)
homologs = read_overlaps(snakemake.input.get("homologs"))
bins = describe_bins(clusters, sequences, depth, snakemake.params.min_bin_size, homologs)
write_bin_files(bins, clusters, sequences, snakemake.input.fasta, snakemake.output.folder)
write_table(bins, snakemake.output.bins)
