from latentseq.features import read_features
from latentseq.generation import generate, write_generated
from latentseq.latent import read_latent
from latentseq.logs import start_log
from latentseq.models import load_model
from latentseq.selection import read_held_out

start_log(snakemake.log[0])
features = read_features(snakemake.input.features)
generated = generate(
    features,
    load_model(snakemake.input.weights, snakemake.input.model),
    read_latent(snakemake.input.latent),
    read_held_out(snakemake.input.get("held_out"), features.sequences),
    seed=snakemake.params.seed,
    divide_by=snakemake.params.divide_by,
    **snakemake.params.generate,
)
write_generated(generated, snakemake.output.generated)
