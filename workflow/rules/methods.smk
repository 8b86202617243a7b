# (person, sound) -> frames, for every method that the configuration names.


rule methods_generate:
    input:
        tracks_of_target,
        lambda wildcards: plan.models(
            wildcards.method, wildcards.corpus, wildcards.shard
        ),
        [plan.layout.clips_shard(*part) for part in plan.with_role("foreign")],
    output:
        f"{RUN}/videos/{{method}}/{{corpus}}-{{shard}}.json",
    log:
        f"{RUN}/logs/methods_generate/{{method}}-{{corpus}}-{{shard}}.log",
    benchmark:
        f"{RUN}/logs/times/methods_generate-{{method}}-{{corpus}}-{{shard}}.tsv"
    conda:
        "../../environment.yml"
    threads: plan.config.threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section(
            "compose",
            "face",
            "seed",
            "device",
            "precision",
            "train_seconds",
            "frame_counts",
        ),
        baseline=lambda wildcards: plan.baseline_hash(wildcards.method),
        code=code_hash("methods.generate_step"),
        weights=plan.weights("methods.generate_step"),
    shell:
        "talkpose methods generate results/{params.run} {wildcards.method} {wildcards.corpus} {wildcards.shard} > {log:q} 2>&1"
