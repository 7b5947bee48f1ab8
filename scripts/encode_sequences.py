from latentseq.arrays import read_arrays
from latentseq.encoding import encode_kmers
from latentseq.features import write_features
from latentseq.logs import start_log
from latentseq.overlaps import read_overlaps
from latentseq.scales import read_earlier
from latentseq.sequence_table import read_sequences
from latentseq.tables import write_table

start_log(snakemake.log[0])
features, facts = encode_kmers(
    snakemake.input.fasta,
    read_sequences(snakemake.input.sequences),
    read_arrays(snakemake.input.depth),
    k=snakemake.params.k,
    project=snakemake.params.project,
    likelihood=snakemake.params.likelihood,
    overlaps=read_overlaps(snakemake.input.get("overlaps")),
    earlier=read_earlier(snakemake.input.get("weights"), snakemake.input.get("model")),
)
write_features(features, snakemake.output.features)
write_table(facts, snakemake.output.facts)
