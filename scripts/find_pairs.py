from latentseq.arrays import write_arrays
from latentseq.kept_sequences import read_in_order
from latentseq.logs import start_log
from latentseq.pair_finding import find_pairs
from latentseq.read_classes import join_classes, read_sample
from latentseq.sequence_table import read_sequences

start_log(snakemake.log[0])
sequences = read_sequences(snakemake.input.sequences)
names = sequences["sequence"].to_numpy(str)
mates = [read_sample(path, names).mates for path in snakemake.input.classes]
pairs = find_pairs(
    read_in_order(snakemake.input.fasta, names),
    names,
    bases=int(sequences["length"].sum()),
    mates=join_classes(mates) if mates else None,
)
write_arrays(snakemake.output.pairs, vars(pairs))
