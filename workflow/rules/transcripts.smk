# Takes the transcripts and, where reads are shared among them (`alignments.share_reads`), the BAM files. Gives
# input/reads/<sample>.npz (how many reads fit each set of transcripts), input/counts.npz (reads of each transcript),
# input/depth.npz of these counts, and input/pairs.npz (which transcripts share sequence and, where a run has them as
# evidence, reads).


if SHARED:

    rule read_classes:
        input:
            **given("reference"),
            bam=lambda wildcards: alignments_of(wildcards.sample),
            sequences=dataset("input/sequences.tsv"),
            references=lambda wildcards: (
                dataset("input/references.tsv") if wildcards.sample in BAMS else []
            ),
        output:
            classes=dataset("input/reads/{sample}.npz"),
            facts=dataset("input/depth/{sample}.tsv"),
        log:
            log_of("read_classes_{sample}"),
        benchmark:
            benchmark_of("read_classes_{sample}")
        priority: AHEAD
        conda:
            "../../envs/ingest.yaml"
        params:
            min_identity=CONFIG["alignments"]["min_identity"],
            exclude_flags=CONFIG["alignments"]["exclude_flags"],
            strand=CONFIG["alignments"]["strand"],
            code=code_of("read_classes"),
        message:
            "Reading which transcripts the reads of {wildcards.sample} fit"
        script:
            "../../scripts/read_classes.py"

    rule count_transcripts:
        input:
            classes=expand(dataset("input/reads/{sample}.npz"), sample=DEPTH_OF),
            sequences=dataset("input/sequences.tsv"),
        output:
            counts=dataset("input/counts.npz"),
            depth=dataset("input/depth.npz"),
        log:
            log_of("count_transcripts"),
        benchmark:
            benchmark_of("count_transcripts")
        priority: AHEAD
        conda:
            "../../envs/ingest.yaml"
        params:
            code=code_of("count_transcripts"),
        message:
            "Estimating how many reads came from each transcript"
        script:
            "../../scripts/count_transcripts.py"


if METHOD == "kmer":

    rule find_pairs:
        input:
            fasta=dataset("input/sequences.fna.gz"),
            sequences=dataset("input/sequences.tsv"),
            classes=expand(dataset("input/reads/{sample}.npz"), sample=EVIDENCE),
        output:
            pairs=dataset("input/pairs.npz"),
        log:
            log_of("find_pairs"),
        benchmark:
            benchmark_of("find_pairs")
        priority: AHEAD
        conda:
            "../../envs/ingest.yaml"
        params:
            code=code_of("find_pairs"),
        message:
            "Looking for pairs of transcripts that share sequence"
        script:
            "../../scripts/find_pairs.py"
