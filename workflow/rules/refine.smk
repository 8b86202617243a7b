# Stage 2: rendered frames -> realistic frames.


rule refine_pairs:
    input:
        f"{RUN}/tracks/{{corpus}}/shard-{{shard}}.parquet",
    output:
        f"{RUN}/pairs/{{length}}/{{corpus}}/shard-{{shard}}.json",
    log:
        f"{RUN}/logs/refine_pairs/{{length}}-{{corpus}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/refine_pairs-{{corpus}}-{{shard}}-{{length}}.tsv"
    priority: 30
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        config=plan.section("compose", "face", "refine", "seed", "train_seconds"),
        code=code_hash("methods.pairs_step"),
        weights=plan.weights("methods.pairs_step"),
    shell:
        "talkpose refine pairs results/{params.run} {wildcards.corpus} {wildcards.shard} {wildcards.length} > {log:q} 2>&1"


rule refine_train:
    input:
        [plan.layout.pairs_shard(*part) for part in plan.with_role("general")],
    output:
        f"{RUN}/models/refine/{{variant}}/general.json",
    log:
        f"{RUN}/logs/refine_train/{{variant}}.log",
    benchmark:
        f"{RUN}/logs/times/refine_train-{{variant}}.tsv"
    priority: 30
    conda:
        "../../environment.yml"
    threads: plan.config.general_threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section("refine", "seed", "device", "precision", "general_threads"),
        code=code_hash("methods.refine_steps"),
        weights=plan.weights("methods.refine_steps"),
    shell:
        "talkpose refine train results/{params.run} {wildcards.variant} > {log:q} 2>&1"


rule refine_personalise:
    input:
        general=general_of("refine"),
        pairs=lambda wildcards: plan.layout.pairs_shard(
            wildcards.corpus, wildcards.shard, variant(wildcards.variant).length
        ),
    output:
        f"{RUN}/models/refine/{{variant}}/shards/{{corpus}}-{{shard}}.txt",
    log:
        f"{RUN}/logs/refine_personalise/{{variant}}-{{corpus}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/refine_personalise-{{variant}}-{{corpus}}-{{shard}}.tsv"
    priority: 20
    conda:
        "../../environment.yml"
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section("refine", "seed", "device", "precision", "threads"),
        code=code_hash("methods.refine_steps"),
        weights=plan.weights("methods.refine_steps"),
    shell:
        "talkpose refine personalise results/{params.run} {wildcards.variant} {wildcards.corpus} {wildcards.shard} > {log:q} 2>&1"
