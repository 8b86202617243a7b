"""roc-validator without a network: the contexts that a crate names, served from what is installed."""

import json
from pathlib import Path

import requests
import rocrate
from rdflib.plugins.shared.jsonld import context as jsonld
from rocrate_validator import services
from rocrate_validator.models import Severity

RUN_TERMS = {
    "@context": {name: f"https://w3id.org/ro/terms/workflow-run#{name}" for name in ("sha256", "environment")}
}


def problems(folder: Path, profile: str, severity: Severity, monkeypatch) -> list[str]:
    """What the validator says against a crate by a profile, requirements up to `severity`."""
    terms = json.loads((Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_text())
    for name in ("ComputationalWorkflow", "FormalParameter"):  # as version 1.1 of the context has them
        terms["@context"][name] = f"https://bioschemas.org/{name}"
    known = {
        "https://w3id.org/ro/crate/1.1/context": terms,
        "https://w3id.org/ro/terms/workflow-run/context": RUN_TERMS,
    }
    real = jsonld.source_to_json

    def local(source, *arguments, **options):
        if isinstance(source, str) and source in known:
            return known[source], None
        assert not str(source).startswith("http"), f"{source} would be fetched"
        return real(source, *arguments, **options)

    def answer(session, method, url, **options):
        assert url in known, f"{url} would be fetched"
        response = requests.Response()
        response.status_code, response.url = 200, url
        response.headers["Content-Type"] = "application/ld+json"
        response._content = json.dumps(known[url]).encode()
        return response

    monkeypatch.setattr(jsonld, "source_to_json", local)
    monkeypatch.setattr(requests.Session, "request", answer)
    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier=profile,
        requirement_severity=severity,
        skip_availability_check=True,
        no_cache=True,
    )
    result = services.validate(settings)
    return [f"{issue.check.identifier}: {issue.message}" for issue in result.get_issues(severity)]
