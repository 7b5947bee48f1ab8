from latentseq.features import read_features
from latentseq.fidelity import measure_fidelity, read_generated
from latentseq.logs import start_log
from latentseq.selection import read_held_out
from latentseq.tables import write_table

start_log(snakemake.log[0])
features = read_features(snakemake.input.features)
held_out = read_held_out(snakemake.input.get("held_out"), features.sequences)
generated = read_generated(snakemake.input.generated)
write_table(measure_fidelity(features, held_out, generated, seed=snakemake.params.seed), snakemake.output.fidelity)
