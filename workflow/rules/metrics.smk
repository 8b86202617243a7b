# Frames -> one tidy table of metric rows.
rule metrics_measure:
    input:
        f"{RUN}/videos/{{method}}/{{corpus}}-{{shard}}.json",
        f"{RUN}/tracks/{{corpus}}/shard-{{shard}}.parquet",
    output:
        f"{RUN}/metrics/{{method}}/{{corpus}}-{{shard}}.parquet",
    log:
        f"{RUN}/logs/metrics_measure/{{method}}-{{corpus}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/metrics_measure-{{method}}-{{corpus}}-{{shard}}.tsv"
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        config=plan.section("metrics", "train_seconds", "frame_counts", "seed"),
        code=code_hash("metrics.step"),
        weights=plan.weights("metrics.step"),
    shell:
        "talkpose metrics measure results/{params.run} {wildcards.method} {wildcards.corpus} {wildcards.shard} > {log:q} 2>&1"


rule metrics_collect:
    input:
        [plan.layout.metrics_shard(*names) for names in plan.videos()],
    output:
        plan.layout.metrics,
        plan.layout.not_attempted,
    log:
        f"{RUN}/logs/metrics_collect.log",
    benchmark:
        f"{RUN}/logs/times/metrics_collect.tsv"
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        code=code_hash("metrics.step"),
        weights=plan.weights("metrics.step"),
    shell:
        "talkpose metrics collect results/{params.run} {input:q} > {log:q} 2>&1"


rule metrics_sensitivity:
    input:
        [plan.layout.videos_shard(*names) for names in plan.videos()],
        tracks("persons"),
    output:
        plan.layout.hs_sensitivity,
    log:
        f"{RUN}/logs/metrics_sensitivity.log",
    benchmark:
        f"{RUN}/logs/times/metrics_sensitivity.tsv"
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        config=plan.section("train_seconds", "frame_counts"),
        code=code_hash("metrics.hs_sensitivity"),
        weights=plan.weights("metrics.hs_sensitivity"),
    shell:
        "talkpose metrics sensitivity results/{params.run} > {log:q} 2>&1"
