from latentseq.arrays import write_arrays
from latentseq.depth import depth_arrays
from latentseq.logs import start_log
from latentseq.read_classes import read_sample
from latentseq.sequence_table import read_sequences
from latentseq.transcript_counts import count_samples, coverage

start_log(snakemake.log[0])
sequences = read_sequences(snakemake.input.sequences)
names, lengths = sequences["sequence"].to_numpy(str), sequences["length"].to_numpy()
samples = [read_sample(path, names) for path in snakemake.input.classes]
counts = count_samples(samples, lengths)
write_arrays(snakemake.output.counts, {"sequences": names, **counts})
write_arrays(snakemake.output.depth, depth_arrays(sequences, counts["samples"], coverage(samples, counts, lengths)))
