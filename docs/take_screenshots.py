"""Take the pictures of the demo's report for the README: `make screenshots`; Playwright and Chromium are needed.

Each picture is a window of fixed size, light or dark.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"]
PICTURES = [  # file, page below the results of the demo, width, height, colours
    ("report.png", "main/report.html", 1300, 1500, "light"),
    ("report_dark.png", "main/report.html", 1300, 1500, "dark"),
]


def take_pictures(results: Path) -> None:
    """Write the pictures of pages in a folder of results."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for name, path, width, height, colours in PICTURES:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
            page.goto((results / path).resolve().as_uri())
            page.wait_for_timeout(3000)
            page.screenshot(path=FOLDER / name)
            page.close()
            print(f"{FOLDER / name}: {(FOLDER / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    take_pictures(Path(sys.argv[1]))
