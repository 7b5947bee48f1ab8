from latentseq.arrays import map_arrays
from latentseq.encoding_columns import encode_alignment
from latentseq.features import write_features
from latentseq.logs import start_log
from latentseq.scales import read_earlier
from latentseq.sequence_table import read_sequences

start_log(snakemake.log[0])
features = encode_alignment(
    map_arrays(snakemake.input.alignment),
    read_sequences(snakemake.input.sequences),
    gaps=snakemake.params.gaps,
    earlier=read_earlier(snakemake.input.get("weights"), snakemake.input.get("model")),
)
write_features(features, snakemake.output.features)
