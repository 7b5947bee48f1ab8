# Takes <run>/features.npz. Gives <run>/vae.*, <run>/history.tsv, <run>/held_out.tsv and <run>/latent.npz: the model, how it
# was trained, on all but which sequences, and where it puts every sequence. Newcomers go through an earlier run's model.


rule train_vae:
    input:
        features=run("features.npz"),
    output:
        weights=run("vae.safetensors"),
        model=run("vae.json"),
        history=in_report(run("history.tsv"), "history", "Training"),
        held_out=run("held_out.tsv"),
    log:
        run_log("train_vae"),
    benchmark:
        run_benchmark("train_vae")
    wildcard_constraints:
        run=one_of(runs_with("vae")),
    priority: AHEAD
    conda:
        "../../envs/train.yaml"
    params:
        vae=setting("vae"),
        training=setting("training"),
        seed=setting("seed"),
        code=code_of("train_vae"),
    message:
        "Training the VAE of run {wildcards.run}"
    script:
        "../../scripts/train_vae.py"


rule embed_sequences:
    input:
        features=run("features.npz"),
        weights=model_file("vae.safetensors"),
        model=model_file("vae.json"),
    output:
        latent=run("latent.npz"),
        dimensions=run("dimensions.tsv"),
    log:
        run_log("embed_sequences"),
    benchmark:
        run_benchmark("embed_sequences")
    wildcard_constraints:
        run=one_of(runs_with("vae")),
    priority: AHEAD
    conda:
        "../../envs/train.yaml"
    params:
        code=code_of("embed_sequences"),
    message:
        "Placing the sequences of run {wildcards.run} in its latent space"
    script:
        "../../scripts/embed_sequences.py"


rule embed_components:
    input:
        features=run("features.npz"),
    output:
        latent=run("latent.npz"),
    log:
        run_log("embed_components"),
    benchmark:
        run_benchmark("embed_components")
    wildcard_constraints:
        run=one_of(runs_with("pca")),
    conda:
        "../../envs/cluster.yaml"
    params:
        n_components=20,
        seed=setting("seed"),
        code=code_of("embed_components"),
    message:
        "Computing the principal components of run {wildcards.run}"
    script:
        "../../scripts/embed_components.py"
