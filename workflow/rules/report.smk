# Metric rows -> tables -> report.


rule report_build:
    input:
        plan.layout.metrics,
        plan.layout.validation,
        plan.layout.quarantine,
        [plan.layout.clips_index(corpus) for corpus in plan.config.corpora],
    output:
        plan.layout.report / "index.html",
    log:
        f"{RUN}/logs/report_build.log",
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        config=plan.section(*type(plan.config).model_fields),
        code=code_hash("config", "report", "metrics"),
    shell:
        "talkpose report build results/{params.run} > {log:q} 2>&1"
