from latentseq.evaluation import evaluate, read_labels
from latentseq.logs import start_log
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table, write_table

start_log(snakemake.log[0])
clusters = read_table(snakemake.input.clusters, required=("sequence", "cluster", "support"))
sequences = read_sequences(snakemake.input.sequences)
labels = read_labels(snakemake.input.labels)
evaluation = evaluate(clusters, sequences, labels, snakemake.params.min_bin_size)
write_table(evaluation, snakemake.output.evaluation)
