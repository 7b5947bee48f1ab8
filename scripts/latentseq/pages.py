"""Pages of HTML that need nothing else: a template, with its styles and scripts inlined.

All that a page shows is data: Jinja2 escapes it in HTML and (`tojson`) in the JSON blocks that the scripts read.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from latentseq.files import whole_file

TEMPLATES: Final = Path(__file__).resolve().parents[2] / "workflow" / "report"


def render_page(template: str, styles: Sequence[str], scripts: Sequence[str], content: Mapping[str, Any]) -> str:
    """Return a page as text; styles and scripts are files of `TEMPLATES`, each joined to one in the order given."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return environment.get_template(template).render(**content, style=_joined(styles), script=_joined(scripts))


def write_page(path: str | Path, page: str) -> None:
    """Write a page, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")


def _joined(names: Sequence[str]) -> str:
    return "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)
