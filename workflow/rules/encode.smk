# Takes input/sequences.* and input/depth.npz. Gives <run>/features.npz: what the encoder reads, and
# <run>/encoding.tsv: facts about the k-mers.


rule encode_sequences:
    input:
        fasta=dataset("input/sequences.fna.gz"),
        sequences=dataset("input/sequences.tsv"),
        depth=dataset("input/depth.npz"),
    output:
        features=run("features.npz"),
        facts=run("encoding.tsv"),
    log:
        run_log("encode_sequences"),
    benchmark:
        run_benchmark("encode_sequences")
    conda:
        "../../envs/encode.yaml"
    params:
        k=setting("encode", "k"),
        project=setting("encode", "project"),
        code=code_of("encode_sequences"),
    message:
        "Counting k-mers for run {wildcards.run}"
    script:
        "../../scripts/encode_sequences.py"
