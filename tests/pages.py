"""A page as a browser sees it, for the tests of the report."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

TEMPLATES = Path(__file__).parents[1] / "workflow" / "report"
PARTS = re.findall(r'include "([^"]+)"', (TEMPLATES / "report.html.j2").read_text(encoding="utf-8"))
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NOISE = ("GL Driver", "Canvas2D: Multiple readback")  # hints about drawing speed, of the browser to plotly


class Elements(HTMLParser):
    """Collects the tags of a page, and the text of its data blocks."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.data = {}
        self.block = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.block = dict(attrs).get("id") if tag == "script" else None

    def handle_data(self, data):
        if self.block:
            self.data[self.block] = self.data.get(self.block, "") + data


class Visit:
    """A page that is open in a browser: `page` of Playwright, and what the page said and asked for meanwhile."""

    def __init__(self, page):
        self.page = page
        self.console = []
        self.requests = []
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    @property
    def complaints(self):
        """Errors and warnings of the page's own."""
        return [text for text in self.console if not any(noise in text for noise in NOISE)]

    @property
    def loaded(self):
        """Addresses of all that the page loaded beside itself and what it carries."""
        return [url for url in self.requests[1:] if not url.startswith(("data:", "blob:"))]

    def overflow(self):
        """Pixels by which the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
