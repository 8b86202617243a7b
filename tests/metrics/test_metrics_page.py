"""docs/metrics.md is what the code says, and the catalogue holds every metric."""

import importlib
import pkgutil
from pathlib import Path

from typer.testing import CliRunner

import talkpose.metrics
from talkpose.cli.app import app
from talkpose.metrics.base import Protocol
from talkpose.metrics.catalogue import ENTRIES, every_protocol
from talkpose.metrics.document import metrics_page
from talkpose.metrics.registry import protocol

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == metrics_page(), "write it again: talkpose metrics list > docs/metrics.md"


def test_the_command_prints_it():
    result = CliRunner().invoke(app, ["metrics", "list"])
    assert result.exit_code == 0 and result.stdout == metrics_page()


def test_every_file_that_defines_a_protocol_is_in_the_catalogue():
    known = {entry.module.__name__ for entry in ENTRIES}
    for found in pkgutil.iter_modules(talkpose.metrics.__path__, "talkpose.metrics."):
        module = importlib.import_module(found.name)
        own = [
            value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__
        ]
        functions = {value.__name__ for value in own if callable(value)}
        defines = any(isinstance(value, Protocol) for value in vars(module).values())
        defines |= bool(functions & {"protocol", "protocols"})
        helpers = {"registry", "catalogue", "extra_protocols"}
        if defines and found.name.rpartition(".")[2] not in helpers:
            assert found.name in known, f"{found.name} is not in talkpose.metrics.catalogue"


def test_registry_and_catalogue_agree():
    for known in every_protocol():
        assert protocol(known.metric, known.id) == known


def test_every_entry_has_what_a_reader_asks_for():
    page = metrics_page()
    for entry in ENTRIES:
        doc = entry.module.__doc__ or ""
        assert "\n\n    " in doc, f"{entry.module.__name__}: no equation set apart in the docstring"
        assert entry.source and entry.protocols
        for known in entry.protocols:
            assert f"`{known.id}`" in page and f"`{known.metric}`" in page
            assert known.definition and known.title
