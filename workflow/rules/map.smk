# Takes files of reads and input/sequences.fna.gz, for the samples of the sheet that have reads instead of a BAM file.
# Gives input/bam/<sample>.bam, which is temporary unless `map_reads.keep_bam` says to keep it, and input/bam/<sample>.tsv:
# checksums of the files of reads, and how many reads were mapped. input/reads_checked.tsv says that all can be mapped.


# Not an input of map_reads, so that changed reads are no reason to map those of other samples anew; but the first to run.
rule check_reads:
    input:
        reads=[path for reads in READS.values() for path in reads["files"]],
    output:
        checked=dataset("input/reads_checked.tsv"),
    log:
        log_of("check_reads"),
    benchmark:
        benchmark_of("check_reads")
    priority: 1
    conda:
        "../../envs/map.yaml"
    params:
        samples=READS,
        code=code_of("check_reads"),
    message:
        "Checking the first reads of {input.reads}"
    script:
        "../../scripts/check_reads.py"


rule map_reads:
    input:
        reads=lambda wildcards: READS[wildcards.sample]["files"],
        sequences=dataset("input/sequences.fna.gz"),
    output:
        bam=(
            dataset("input/bam/{sample}.bam")
            if CONFIG["map_reads"]["keep_bam"]
            else temp(dataset("input/bam/{sample}.bam"))
        ),
        reads=dataset("input/bam/{sample}.tsv"),
    log:
        log_of("map_reads_{sample}"),
    benchmark:
        benchmark_of("map_reads_{sample}")
    conda:
        "../../envs/map.yaml"
    threads: 4
    params:
        preset=lambda wildcards: READS[wildcards.sample]["preset"],
        secondary=bool(SHARED),
        code=code_of("map_reads"),
    message:
        "Mapping the reads of {wildcards.sample}"
    script:
        "../../scripts/map_reads.py"
