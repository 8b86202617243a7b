# Metric rows -> tables -> report.


rule report_build:
    input:
        plan.layout.metrics,
        plan.layout.quarantine,
        [plan.layout.clips_index(corpus) for corpus in plan.config.corpora],
    output:
        plan.layout.report / "index.html",
    log:
        f"{RUN}/logs/report_build.log",
    params:
        config=plan.section(*type(plan.config).model_fields),
        code=code_hash("config", "report", "metrics"),
    shell:
        "talkpose report build {RUN:q} > {log:q} 2>&1"
