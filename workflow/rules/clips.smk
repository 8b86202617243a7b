# Raw files -> clips: 25 fps, 16 kHz mono, one fixed crop, quarantine.


rule clips_ingest:
    input:
        lambda wildcards: plan.receipts(wildcards.corpus, wildcards.shard),
    output:
        index=f"{RUN}/clips/{{corpus}}/shard-{{shard}}.parquet",
        quarantine=f"{RUN}/clips/{{corpus}}/shard-{{shard}}.quarantine.tsv",
    log:
        f"{RUN}/logs/clips_ingest/{{corpus}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/clips_ingest-{{corpus}}-{{shard}}.tsv"
    priority: 40
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        config=plan.section("clips", "face", "train_seconds", "frame_counts"),
        raw=lambda wildcards: plan.raw_hash(wildcards.corpus, wildcards.shard),
        code=code_hash("face.ingest_step"),
        weights=plan.weights("face.ingest_step"),
    shell:
        "talkpose clips ingest results/{params.run} {wildcards.corpus} {wildcards.shard} > {log:q} 2>&1"


rule clips_index:
    input:
        lambda wildcards: [
            plan.layout.clips_shard(corpus, shard)
            for corpus in plan.config.corpora
            for shard in plan.shards(corpus)
        ],
    output:
        index=[plan.layout.clips_index(corpus) for corpus in plan.config.corpora],
        quarantine=plan.layout.quarantine,
    log:
        f"{RUN}/logs/clips_index.log",
    benchmark:
        f"{RUN}/logs/times/clips_index.tsv"
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        code=code_hash("face.ingest_step"),
        weights=plan.weights("face.ingest_step"),
    shell:
        "talkpose clips index results/{params.run} > {log:q} 2>&1"
