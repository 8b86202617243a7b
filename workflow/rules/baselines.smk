# Baselines that the harness trains: general corpus -> one model each.


rule baseline_fit:
    input:
        tracks("general"),
    output:
        f"{RUN}/models/baseline/{{name}}/general.json",
    log:
        f"{RUN}/logs/baseline_fit/{{name}}.log",
    benchmark:
        f"{RUN}/logs/times/baselines_fit-{{name}}.tsv"
    priority: 30
    conda:
        "../../environment.yml"
    threads: plan.config.general_threads
    resources:
        gpu=GPU,
    params:
        run=plan.config.run,
        config=plan.section("clips", "seed", "device", "precision", "general_threads"),
        baseline=lambda wildcards: plan.baseline_hash(wildcards.name),
        code=code_hash("methods.baseline_steps"),
        weights=plan.weights("methods.baseline_steps"),
    shell:
        "talkpose baselines fit results/{params.run} {wildcards.name} > {log:q} 2>&1"
