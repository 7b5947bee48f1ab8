from latentseq.checkpoints import remove_checkpoint
from latentseq.features import read_features
from latentseq.logs import start_log
from latentseq.training import run_training, write_history
from latentseq.vae import save_model

start_log(snakemake.log[0])
model, history, trained = run_training(
    read_features(snakemake.input.features),
    vae=snakemake.params.vae,
    training=snakemake.params.training,
    seed=snakemake.params.seed,
    checkpoint=snakemake.params.checkpoint,
)
write_history(history, snakemake.output.history)
save_model(model, snakemake.output.weights, snakemake.output.model, trained)
remove_checkpoint(snakemake.params.checkpoint)
