"""docs/configuration.md tells what the schema says."""

from pathlib import Path

from talkpose.config.document import configuration_page
from talkpose.config.run import SECTIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_page_is_current():
    assert PAGE.read_text() == configuration_page(), (
        "write it anew: `talkpose config-page > docs/configuration.md`"
    )


def test_page_names_every_key():
    page = configuration_page()
    for name, section in SECTIONS.items():
        assert f"## `{name}`" in page
        for key in section.model_fields:
            assert f"| `{key}` |" in page
