# Takes <run>/features.npz, the model and <run>/latent.npz. Gives what the model answers: <run>/reconstruction.tsv and
# <run>/columns.tsv; <run>/scores.tsv and <run>/substitutions.tsv; generated sequences (<run>/generated.fna), rows of a
# table (<run>/generated.tsv) or k-mer profiles (<run>/generated_profiles.tsv) with <run>/fidelity.tsv; <run>/walk.npz.


rule reconstruct_sequences:
    input:
        features=run("features.npz"),
        weights=model_file("vae.safetensors"),
        model=model_file("vae.json"),
        held_out=[] if EARLIER else run("held_out.tsv"),
        alignment=dataset("input/alignment.npz") if METHOD == "onehot" else [],
    output:
        reconstruction=in_report(
            run("reconstruction.tsv"), "reconstruction", "Reconstruction"
        ),
        columns=in_report(run("columns.tsv"), "columns", "Reconstruction of columns"),
    log:
        run_log("reconstruct_sequences"),
    benchmark:
        run_benchmark("reconstruct_sequences")
    wildcard_constraints:
        run=one_of(runs_with("vae")),
    conda:
        "../../envs/train.yaml"
    params:
        divide_by=setting("encode", "divide_by"),
        code=code_of("reconstruct_sequences"),
    message:
        "Reconstructing the sequences of run {wildcards.run}"
    script:
        "../../scripts/reconstruct_sequences.py"


rule score_sequences:
    input:
        features=run("features.npz"),
        weights=model_file("vae.safetensors"),
        model=model_file("vae.json"),
        held_out=[] if EARLIER else run("held_out.tsv"),
    output:
        scores=in_report(run("scores.tsv"), "scores", "Scores"),
    log:
        run_log("score_sequences"),
    benchmark:
        run_benchmark("score_sequences")
    wildcard_constraints:
        run=one_of(runs_with("vae")),
    conda:
        "../../envs/train.yaml"
    params:
        draws=setting("score", "draws"),
        seed=setting("seed"),
        code=code_of("score_sequences"),
    message:
        "Scoring the sequences of run {wildcards.run}"
    script:
        "../../scripts/score_sequences.py"


rule score_substitutions:
    input:
        features=run("features.npz"),
        weights=model_file("vae.safetensors"),
        model=model_file("vae.json"),
        alignment=dataset("input/alignment.npz"),
    output:
        substitutions=in_report(
            run("substitutions.tsv"), "substitutions", "Scores of substitutions"
        ),
    log:
        run_log("score_substitutions"),
    benchmark:
        run_benchmark("score_substitutions")
    wildcard_constraints:
        run=one_of(runs_with("vae")),
    conda:
        "../../envs/train.yaml"
    params:
        sequences=setting("score", "substitutions_of"),
        draws=setting("score", "substitution_draws"),
        seed=setting("seed"),
        code=code_of("score_substitutions"),
    message:
        "Scoring single substitutions with run {wildcards.run}"
    script:
        "../../scripts/score_substitutions.py"


rule generate_sequences:
    input:
        features=run("features.npz"),
        weights=model_file("vae.safetensors"),
        model=model_file("vae.json"),
        latent=run("latent.npz"),
        held_out=[] if EARLIER else run("held_out.tsv"),
    output:
        generated=run(GENERATED[METHOD]),
    log:
        run_log("generate_sequences"),
    benchmark:
        run_benchmark("generate_sequences")
    wildcard_constraints:
        run=one_of(runs_with("vae")),
    conda:
        "../../envs/train.yaml"
    params:
        generate=setting("generate"),
        divide_by=setting("encode", "divide_by"),
        seed=setting("seed"),
        code=code_of("generate_sequences"),
    message:
        "Generating new sequences with run {wildcards.run}"
    script:
        "../../scripts/generate_sequences.py"


rule measure_fidelity:
    input:
        features=run("features.npz"),
        generated=run(GENERATED[METHOD]),
        held_out=[] if EARLIER else run("held_out.tsv"),
    output:
        fidelity=in_report(run("fidelity.tsv"), "fidelity", "Generated beside real"),
    log:
        run_log("measure_fidelity"),
    benchmark:
        run_benchmark("measure_fidelity")
    wildcard_constraints:
        run=one_of(runs_with("vae")),
    conda:
        "../../envs/encode.yaml"
    params:
        seed=setting("seed"),
        code=code_of("measure_fidelity"),
    message:
        "Comparing what run {wildcards.run} generated with held-out sequences"
    script:
        "../../scripts/measure_fidelity.py"


rule walk_latent:
    input:
        features=run("features.npz"),
        weights=model_file("vae.safetensors"),
        model=model_file("vae.json"),
        latent=run("latent.npz"),
    output:
        walk=run("walk.npz"),
    log:
        run_log("walk_latent"),
    benchmark:
        run_benchmark("walk_latent")
    wildcard_constraints:
        run=one_of(runs_with("vae")),
    conda:
        "../../envs/train.yaml"
    params:
        divide_by=setting("encode", "divide_by"),
        seed=setting("seed"),
        code=code_of("walk_latent"),
    message:
        "Decoding points of the latent space of run {wildcards.run}"
    script:
        "../../scripts/walk_latent.py"
