import shutil
import sysconfig

import lint_scripts
import pytest

needs_oxlint = pytest.mark.skipif(
    shutil.which("oxlint", path=sysconfig.get_path("scripts")) is None, reason="oxlint is not installed"
)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Complaints about two pages of scripts that are given as texts; `shared.js` is of both."""
    monkeypatch.setattr(lint_scripts, "FOLDER", tmp_path)

    def of(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.js").write_text(text)
        return lint_scripts.complaints({"one": ["shared.js", "one.js"], "two": ["shared.js", "two.js"]})

    return of


@needs_oxlint
def test_the_scripts_of_the_pages_are_in_order():
    assert lint_scripts.complaints() == []


@needs_oxlint
def test_complaints_name_the_line_of_the_part(written):
    said = written(
        shared="const used = 1;\nconst unused = 2;\n", one="used == 1;\nabsent();\n", two="window.x = used;\n"
    )
    for place, words in [("one.js:1", "eqeqeq"), ("one.js:2", "no-undef"), ("shared.js:2", "no-unused-vars")]:
        assert any(one.startswith(f"workflow/report/{place}: ") and words in one for one in said), (place, said)


@needs_oxlint
def test_what_one_page_uses_of_a_shared_part_is_used(written):
    shared = "const colour = 1;\nconst size = 2;\n"
    assert written(shared=shared, one="window.x = colour;\n", two="window.x = size;\n") == []


@needs_oxlint
def test_text_is_never_read_as_html(written):
    said = written(shared="", one='document.body.innerHTML = "x";\n', two="window.x = 1;\n")
    assert said == ["workflow/report/one.js:1: innerHTML reads text as HTML"]
