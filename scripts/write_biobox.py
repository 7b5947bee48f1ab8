from latentseq.bins import write_biobox
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table

start_log(snakemake.log[0])
clusters = read_table(snakemake.input.clusters, required=("sequence", "cluster", "support"))
sequences = read_sequences(snakemake.input.sequences)
write_biobox(clusters, sequences, snakemake.output.biobox, snakemake.params.sample_id)
