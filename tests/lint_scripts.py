"""Lint the scripts of the pages with oxlint, joined as the pages have them: a part uses names of the parts before it.

Ends with 1, and says which line of which part, where oxlint finds something or a page could show a name as HTML.
"""

import itertools
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from latentseq import comparison_page, report  # noqa: E402

FOLDER = ROOT / "workflow" / "report"
PAGES = {"report": report.SCRIPTS, "compare": comparison_page.SCRIPTS}
AS_HTML = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment")


def read_lines(parts):
    """Lines of the parts of a script, joined: where each is from, and its text."""
    lines = []
    for part in parts:
        texts = (FOLDER / part).read_text(encoding="utf-8").splitlines()
        lines += [(f"workflow/report/{part}:{number}", text) for number, text in enumerate(texts, start=1)]
    return lines


def unsafe(lines):
    """Complaints about lines that would read text as HTML; names are shown by textContent alone."""
    return [f"{place}: {found[0]} reads text as HTML" for place, text in lines if (found := AS_HTML.search(text))]


def lint(lines):
    """What oxlint complains about, by the places of the parts."""
    program = Path(sysconfig.get_path("scripts"), "oxlint")
    with tempfile.TemporaryDirectory() as folder:
        joined = Path(folder, "joined.js")
        joined.write_text("\n".join(text for _, text in lines) + "\n", encoding="utf-8")
        command = [program, "--config", ROOT / ".oxlintrc.json", "--format", "unix", "--no-ignore", "joined.js"]
        done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)
    found = re.findall(r"joined\.js:(\d+):\d+: (.*)", done.stdout)
    if done.returncode and not found:
        return [done.stdout + done.stderr]
    return [f"{lines[int(number) - 1][0]}: {text}" for number, text in found]


def complaints(pages=PAGES):
    """Complaints about the scripts of the pages; what one page leaves unused of a part that pages share is none."""
    found = [[*unsafe(lines), *lint(lines)] for lines in map(read_lines, pages.values())]
    shared = {f"workflow/report/{part}" for part in set.intersection(*map(set, pages.values()))}

    def counts(complaint):
        is_of_page = "no-unused-vars" in complaint and complaint.partition(":")[0] in shared
        return not is_of_page or all(complaint in of_page for of_page in found)

    return [complaint for complaint in dict.fromkeys(itertools.chain(*found)) if counts(complaint)]


if __name__ == "__main__":
    found = complaints()
    print("\n".join(found) or "The scripts of the pages are in order.")
    sys.exit(bool(found))
