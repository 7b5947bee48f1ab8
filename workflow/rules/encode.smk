# Takes the dataset's input/: sequences and depth, an alignment, or a table; and the scale of an earlier run's model,
# where newcomers are assigned to it. Gives <run>/features.npz: what the encoder reads; of k-mers also <run>/encoding.tsv.


if METHOD == "kmer":

    rule find_overlaps:
        input:
            fasta=dataset("input/sequences.fna.gz"),
            sequences=dataset("input/sequences.tsv"),
        output:
            overlaps=dataset("input/overlaps.npz"),
        log:
            log_of("find_overlaps"),
        benchmark:
            benchmark_of("find_overlaps")
        conda:
            "../../envs/encode.yaml"
        params:
            code=code_of("find_overlaps"),
        message:
            "Looking for stretches that the assemblies share"
        script:
            "../../scripts/find_overlaps.py"

    rule find_homologs:
        input:
            fasta=dataset("input/sequences.fna.gz"),
            sequences=dataset("input/sequences.tsv"),
        output:
            homologs=dataset("input/homologs.npz"),
        log:
            log_of("find_homologs"),
        benchmark:
            benchmark_of("find_homologs")
        priority: AHEAD
        conda:
            "../../envs/encode.yaml"
        params:
            code=code_of("find_homologs"),
        message:
            "Looking for stretches that contigs of one assembly have in common"
        script:
            "../../scripts/find_homologs.py"

    rule encode_sequences:
        input:
            **of_earlier(weights="vae.safetensors", model="vae.json"),
            **overlaps_of_samples(),
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
            likelihood=setting("encode", "likelihood"),
            code=code_of("encode_sequences"),
        message:
            "Counting k-mers for run {wildcards.run}"
        script:
            "../../scripts/encode_sequences.py"

elif METHOD == "onehot":

    rule encode_alignment:
        input:
            **of_earlier(weights="vae.safetensors", model="vae.json"),
            alignment=dataset("input/alignment.npz"),
            sequences=dataset("input/sequences.tsv"),
        output:
            features=run("features.npz"),
        log:
            run_log("encode_alignment"),
        benchmark:
            run_benchmark("encode_alignment")
        conda:
            "../../envs/encode.yaml"
        params:
            gaps=setting("encode", "gaps"),
            code=code_of("encode_alignment"),
        message:
            "Finding the columns that vary for run {wildcards.run}"
        script:
            "../../scripts/encode_alignment.py"

else:

    rule encode_table:
        input:
            **of_earlier(weights="vae.safetensors", model="vae.json"),
            table=dataset("input/table.npz"),
            sequences=dataset("input/sequences.tsv"),
        output:
            features=run("features.npz"),
        log:
            run_log("encode_table"),
        benchmark:
            run_benchmark("encode_table")
        conda:
            "../../envs/encode.yaml"
        params:
            likelihood=setting("encode", "likelihood"),
            divide_by=setting("encode", "divide_by"),
            code=code_of("encode_table"),
        message:
            "Scaling the table for run {wildcards.run}"
        script:
            "../../scripts/encode_table.py"
