from latentseq.arrays import write_arrays
from latentseq.depth import join_depths
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences

start_log(snakemake.log[0])
sequences = read_sequences(snakemake.input.sequences)
write_arrays(snakemake.output.depth, join_depths(snakemake.input.depths, sequences))
