from latentseq.arrays import map_arrays
from latentseq.features import read_features
from latentseq.logs import start_log
from latentseq.models import load_model
from latentseq.scoring import score_substitutions
from latentseq.tables import write_table

start_log(snakemake.log[0])
substitutions = score_substitutions(
    read_features(snakemake.input.features),
    load_model(snakemake.input.weights, snakemake.input.model),
    map_arrays(snakemake.input.alignment)["codes"],
    snakemake.params.sequences,
    draws=snakemake.params.draws,
    seed=snakemake.params.seed,
)
write_table(substitutions, snakemake.output.substitutions)
