# Metric rows -> tables -> report.


rule report_figures:
    input:
        [plan.layout.videos_shard(*names) for names in plan.videos()],
    output:
        plan.layout.figures,
    log:
        f"{RUN}/logs/report_figures.log",
    benchmark:
        f"{RUN}/logs/times/report_figures.tsv"
    conda:
        "../../environment.yml"
    params:
        run=RUN_NAME,
        config=plan.section("methods", "frame_counts", "train_seconds"),
        code=code_hash("report.figures"),
    shell:
        "talkpose report figures results/{params.run} > {log:q} 2>&1"


rule report_build:
    input:
        plan.layout.metrics,
        plan.layout.hs_sensitivity,
        plan.layout.validation,
        plan.layout.figures,
        plan.layout.quarantine,
        [plan.layout.study_analysis] if plan.config.rehearsed_study else [],
        [plan.layout.clips_index(corpus) for corpus in plan.config.corpora],
    output:
        plan.layout.report / "index.html",
        report(
            [plan.layout.tables / f"{name}.csv" for name in ALWAYS],
            caption="../report/table.rst",
            category="Tables",
        ),
    log:
        f"{RUN}/logs/report_build.log",
    benchmark:
        f"{RUN}/logs/times/report_build.tsv"
    conda:
        "../../environment.yml"
    params:
        run=plan.config.run,
        config=plan.section(*type(plan.config).model_fields),
        code=code_hash("report.build"),
    shell:
        "talkpose report build results/{params.run} > {log:q} 2>&1"
