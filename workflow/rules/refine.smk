# Stage 2: rendered frames -> realistic frames.


rule refine_pairs:
    input:
        f"{RUN}/tracks/{{corpus}}/shard-{{shard}}.parquet",
    output:
        f"{RUN}/pairs/{{corpus}}/shard-{{shard}}.json",
    log:
        f"{RUN}/logs/refine_pairs/{{corpus}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/refine_pairs-{{corpus}}-{{shard}}.tsv"
    priority: 30
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        config=plan.section("compose", "face", "refine", "train_seconds"),
        code=code_hash("config", "face", "compose", "refine", "methods"),
    shell:
        "talkpose refine pairs results/{params.run} {wildcards.corpus} {wildcards.shard} > {log:q} 2>&1"


rule refine_train:
    input:
        [
            plan.layout.pairs_shard(corpus, shard)
            for corpus in plan.config.corpora_with("general")
            for shard in plan.shards(corpus)
        ],
    output:
        plan.layout.model("refine", "general"),
    log:
        f"{RUN}/logs/refine_train.log",
    benchmark:
        f"{RUN}/logs/times/refine_train.tsv"
    priority: 30
    conda:
        "../../environment.yml"
    threads: plan.config.general_threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section("refine", "seed", "device", "precision", "general_threads"),
        code=code_hash("config", "refine"),
    shell:
        "talkpose refine train results/{params.run} > {log:q} 2>&1"


rule refine_personalise:
    input:
        general=plan.layout.model("refine", "general"),
        pairs=lambda wildcards: plan.layout.pairs_shard(
            *SHARD_OF_PERSON[wildcards.person]
        ),
    output:
        f"{RUN}/models/refine/person/{{person}}.json",
    log:
        f"{RUN}/logs/refine_personalise/{{person}}.log",
    benchmark:
        f"{RUN}/logs/times/refine_personalise-{{person}}.tsv"
    priority: 20
    conda:
        "../../environment.yml"
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section("refine", "seed", "device", "precision", "threads"),
        code=code_hash("config", "refine"),
    shell:
        "talkpose refine personalise results/{params.run} {wildcards.person} > {log:q} 2>&1"
