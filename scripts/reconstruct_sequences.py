from latentseq.arrays import map_arrays
from latentseq.features import read_features
from latentseq.logs import start_log
from latentseq.models import load_model
from latentseq.reconstruction import reconstruct
from latentseq.selection import read_held_out
from latentseq.tables import write_table

start_log(snakemake.log[0])
features = read_features(snakemake.input.features)
alignment = snakemake.input.get("alignment")
reconstruction = reconstruct(
    features,
    load_model(snakemake.input.weights, snakemake.input.model),
    read_held_out(snakemake.input.get("held_out"), features.sequences),
    alignment=map_arrays(alignment) if alignment else None,
    divide_by=snakemake.params.divide_by,
)
write_table(reconstruction.rows, snakemake.output.reconstruction)
write_table(reconstruction.columns, snakemake.output.columns)
