from latentseq.description import read_kl_weight
from latentseq.features import read_features
from latentseq.logs import start_log
from latentseq.models import load_model
from latentseq.scoring import score_sequences
from latentseq.selection import read_held_out
from latentseq.tables import write_table

start_log(snakemake.log[0])
features = read_features(snakemake.input.features)
scores = score_sequences(
    features,
    load_model(snakemake.input.weights, snakemake.input.model),
    read_held_out(snakemake.input.get("held_out"), features.sequences),
    draws=snakemake.params.draws,
    seed=snakemake.params.seed,
    kl_weight=read_kl_weight(snakemake.input.model),
)
write_table(scores, snakemake.output.scores, decimals=8)
