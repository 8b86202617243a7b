# Tracks against ground truth, where clips carry it.


rule validation_check:
    input:
        tracks("general", "test", "persons"),
        [plan.layout.clips_index(corpus) for corpus in plan.config.corpora],
    output:
        plan.layout.validation,
    log:
        f"{RUN}/logs/validation_check.log",
    benchmark:
        f"{RUN}/logs/times/validate.tsv"
    conda:
        "../../environment.yml"
    params:
        run=RUN_NAME,
        config=plan.section("metrics"),
        code=code_hash("validation.step"),
        weights=plan.weights("validation.step"),
    shell:
        "talkpose validate results/{params.run} > {log:q} 2>&1"
