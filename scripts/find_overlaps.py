from latentseq.arrays import write_arrays
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences
from latentseq.shared_kmers import find_overlaps

start_log(snakemake.log[0])
overlaps = find_overlaps(snakemake.input.fasta, read_sequences(snakemake.input.sequences))
write_arrays(snakemake.output.overlaps, vars(overlaps))
