from latentseq.arrays import write_arrays
from latentseq.depth_tables import read_depth_table
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences

start_log(snakemake.log[0])
sequences = read_sequences(snakemake.input.sequences)
write_arrays(snakemake.output.depth, read_depth_table(snakemake.input.table, sequences))
