from latentseq.arrays import read_arrays
from latentseq.encoding_columns import encode_table
from latentseq.features import write_features
from latentseq.logs import start_log
from latentseq.scales import read_earlier
from latentseq.sequence_table import read_sequences

start_log(snakemake.log[0])
features = encode_table(
    read_arrays(snakemake.input.table),
    read_sequences(snakemake.input.sequences),
    likelihood=snakemake.params.likelihood,
    divide_by=snakemake.params.divide_by,
    earlier=read_earlier(snakemake.input.get("weights"), snakemake.input.get("model")),
)
write_features(features, snakemake.output.features)
