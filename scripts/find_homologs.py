from latentseq.arrays import write_arrays
from latentseq.homologs import find_homologs
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences

start_log(snakemake.log[0])
homologs = find_homologs(snakemake.input.fasta, read_sequences(snakemake.input.sequences))
write_arrays(snakemake.output.homologs, vars(homologs))
