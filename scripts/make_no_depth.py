from latentseq.arrays import write_arrays
from latentseq.depth import no_depth
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences

start_log(snakemake.log[0])
write_arrays(snakemake.output.depth, no_depth(read_sequences(snakemake.input.sequences)))
