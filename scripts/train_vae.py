from pathlib import Path

from latentseq.checkpoints import remove_checkpoint
from latentseq.features import read_features
from latentseq.logs import start_log
from latentseq.training import describe_frame, run_training, write_held_out, write_history
from latentseq.vae import save_model

start_log(snakemake.log[0])
checkpoint = Path(snakemake.output.weights).with_name(".vae.checkpoint")
features = read_features(snakemake.input.features)
trained, facts = run_training(
    features,
    vae=snakemake.params.vae,
    training=snakemake.params.training,
    seed=snakemake.params.seed,
    checkpoint=checkpoint,
)
write_history(trained.history, snakemake.output.history)
write_held_out(trained.held_out, snakemake.output.held_out)
save_model(trained.model, snakemake.output.weights, snakemake.output.model, facts, frame=describe_frame(features))
remove_checkpoint(checkpoint)
