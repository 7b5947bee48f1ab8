# Takes the user's files of sequences and BAM files (or BAM files of map.smk), a table of depths, an alignment, or a table of numbers.
# Gives input/sequences.tsv, input/files.tsv and input/depth.npz of every dataset; beside them input/sequences.fna.gz with
# input/duplicates.tsv, input/references.tsv and input/depth/<sample>.*, or input/alignment.npz, or input/table.npz.


if METHOD == "kmer":

    rule ingest_sequences:
        input:
            **sheet(),
            **given("depth"),
            fasta=fasta_files(),
        output:
            fasta=dataset("input/sequences.fna.gz"),
            fai=dataset("input/sequences.fna.gz.fai"),
            gzi=dataset("input/sequences.fna.gz.gzi"),
            table=dataset("input/sequences.tsv"),
            files=dataset("input/files.tsv"),
            duplicates=dataset("input/duplicates.tsv"),
        log:
            log_of("ingest_sequences"),
        benchmark:
            benchmark_of("ingest_sequences")
        conda:
            "../../envs/ingest.yaml"
        params:
            sequences=listed_fasta,
            sheet=sheet_columns("sample", "fasta"),
            min_length=CONFIG["min_length"],
            separator=CONFIG["separator"],
            duplicates=CONFIG["duplicates"],
            code=code_of("ingest_sequences"),
        message:
            "Reading sequences from {input.fasta}"
        script:
            "../../scripts/ingest_sequences.py"

elif METHOD == "table":

    rule ingest_table:
        input:
            source=CONFIG["table"],
        output:
            table=dataset("input/table.npz"),
            sequences=dataset("input/sequences.tsv"),
            files=dataset("input/files.tsv"),
        log:
            log_of("ingest_table"),
        benchmark:
            benchmark_of("ingest_table")
        conda:
            "../../envs/ingest.yaml"
        params:
            code=code_of("ingest_table"),
        message:
            "Reading the table {input.source}"
        script:
            "../../scripts/ingest_table.py"

elif CONFIG["region"]:

    rule ingest_window:
        input:
            **given("reference"),
            bams=BAMS.values(),
        output:
            alignment=dataset("input/alignment.npz"),
            table=dataset("input/sequences.tsv"),
            files=dataset("input/files.tsv"),
            insertions=dataset("input/insertions.tsv"),
            reads=dataset("input/reads.tsv"),
        log:
            log_of("ingest_window"),
        benchmark:
            benchmark_of("ingest_window")
        conda:
            "../../envs/ingest.yaml"
        params:
            samples=list(BAMS),
            region=CONFIG["region"],
            min_span=CONFIG["alignments"]["min_span"],
            min_base_quality=CONFIG["alignments"]["min_base_quality"],
            min_mapq=CONFIG["alignments"]["min_mapq"],
            exclude_flags=CONFIG["alignments"]["exclude_flags"],
            fewest=1 if EARLIER else 2,
            code=code_of("ingest_window"),
        message:
            "Reading the window {params.region} of {input.bams}"
        script:
            "../../scripts/ingest_window.py"

else:

    rule ingest_alignment:
        input:
            sequences=CONFIG["sequences"],
        output:
            alignment=dataset("input/alignment.npz"),
            table=dataset("input/sequences.tsv"),
            files=dataset("input/files.tsv"),
        log:
            log_of("ingest_alignment"),
        benchmark:
            benchmark_of("ingest_alignment")
        conda:
            "../../envs/ingest.yaml"
        params:
            fewest=1 if EARLIER else 2,
            code=code_of("ingest_alignment"),
        message:
            "Reading the alignment {input.sequences}"
        script:
            "../../scripts/ingest_alignment.py"


rule check_references:
    input:
        **sheet(),
        **given("reference"),
        bams=BAMS.values(),
        sequences=dataset("input/sequences.tsv"),
    output:
        references=dataset("input/references.tsv"),
    log:
        log_of("check_references"),
    benchmark:
        benchmark_of("check_references")
    conda:
        "../../envs/ingest.yaml"
    params:
        sheet=sheet_columns("sample", "bam"),
        code=code_of("check_references"),
    message:
        "Checking that the BAM files are of these sequences"
    script:
        "../../scripts/check_references.py"


if not SHARED:

    rule measure_depth:
        input:
            **given("reference"),
            bam=lambda wildcards: alignments_of(wildcards.sample),
            sequences=dataset("input/sequences.tsv"),
            references=lambda wildcards: (
                dataset("input/references.tsv") if wildcards.sample in BAMS else []
            ),
        output:
            depth=dataset("input/depth/{sample}.npz"),
            facts=dataset("input/depth/{sample}.tsv"),
        log:
            log_of("measure_depth_{sample}"),
        benchmark:
            benchmark_of("measure_depth_{sample}")
        conda:
            "../../envs/ingest.yaml"
        params:
            min_identity=CONFIG["alignments"]["min_identity"],
            trim_ends=CONFIG["alignments"]["trim_ends"],
            min_mapq=CONFIG["alignments"]["min_mapq"],
            exclude_flags=CONFIG["alignments"]["exclude_flags"],
            window_size=CONFIG["alignments"]["window"],
            code=code_of("measure_depth"),
        message:
            "Measuring depth of {wildcards.sample}"
        script:
            "../../scripts/measure_depth.py"


if DEPTH_OF and not SHARED:

    rule join_depth:
        input:
            depths=expand(dataset("input/depth/{sample}.npz"), sample=DEPTH_OF),
            sequences=dataset("input/sequences.tsv"),
        output:
            depth=dataset("input/depth.npz"),
        log:
            log_of("join_depth"),
        benchmark:
            benchmark_of("join_depth")
        conda:
            "../../envs/ingest.yaml"
        params:
            code=code_of("join_depth"),
        message:
            "Putting the depths of all samples side by side"
        script:
            "../../scripts/join_depth.py"

elif CONFIG["depth"]:

    rule read_depth_table:
        input:
            table=CONFIG["depth"],
            sequences=dataset("input/sequences.tsv"),
        output:
            depth=dataset("input/depth.npz"),
        log:
            log_of("read_depth_table"),
        benchmark:
            benchmark_of("read_depth_table")
        conda:
            "../../envs/ingest.yaml"
        params:
            code=code_of("read_depth_table"),
        message:
            "Reading depths from {input.table}"
        script:
            "../../scripts/read_depth_table.py"

elif not SHARED:

    rule make_no_depth:
        input:
            sequences=dataset("input/sequences.tsv"),
        output:
            depth=dataset("input/depth.npz"),
        log:
            log_of("make_no_depth"),
        benchmark:
            benchmark_of("make_no_depth")
        conda:
            "../../envs/ingest.yaml"
        params:
            code=code_of("make_no_depth"),
        message:
            "Noting that there is no depth: composition alone"
        script:
            "../../scripts/make_no_depth.py"
