"""Which packages a rule needs: those imported by its adapter and by the functions of the library that it reaches.

An import inside a function counts only where a rule can come to that function, so that Biopython, for one, is asked
of the environments that read alignments alone. Functions are followed by name: those that a reached piece of code
mentions are reached too, and a class with all its methods.
"""

import ast
import re
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "scripts/latentseq"
Nodes = list[ast.AST]


@dataclass(frozen=True)
class Rule:
    """A rule of the workflow: its name, the environment's file, and the text of the rule."""

    name: str
    environment: Path
    text: str

    @property
    def adapter(self) -> Path | None:
        """The Python script of the rule; None where it runs a shell command."""
        named = re.search(r'script:\s+"([^"]+)"', self.text)
        return (ROOT / "workflow/rules" / named[1]).resolve() if named else None


def read_rules() -> list[Rule]:
    """Every rule of workflow/rules that is not run by Snakemake itself."""
    rules = []
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        starts = re.split(r"^ *(?:rule|checkpoint) (\w+):$", path.read_text(), flags=re.MULTILINE)
        for name, text in zip(starts[1::2], starts[2::2], strict=True):
            environment = re.search(r'conda:\s+"([^"]+)"', text)
            assert environment, f"{path.name}: the rule {name} has no environment"
            rules.append(Rule(name, (path.parent / environment[1]).resolve(), text))
    return rules


@dataclass
class Source:
    """A file of Python: what runs when it is imported, what it defines, and what its names stand for.

    `imported` gives the module, and the name inside it, behind a name that was imported from the library.
    """

    always: Nodes = field(default_factory=list)
    definitions: dict[str, Nodes] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)


@cache
def read_source(path: Path) -> Source:
    """Sort the statements of a file into those that run at import and those that wait to be used."""
    source = Source()
    for node in ast.parse(path.read_text()).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            source.definitions[node.name] = [node]
        elif names and not any(isinstance(part, ast.Call) for part in ast.walk(node)):
            source.definitions |= {name: [node] for name in names}
        else:
            source.always.append(node)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "latentseq":
            module = node.module.partition(".")[2]
            source.imported |= {alias.asname or alias.name: (module, alias.name) for alias in node.names}
    return source


@dataclass
class Needs:
    """What an adapter needs: modules of packages and of the library by dotted name, and words it may call programs by.

    `optional` are imports that the code does without: those inside `try` with an `except ImportError`.
    """

    packages: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    library: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


def needs_of(adapter: Path) -> Needs:
    """Follow an adapter through the library."""
    needs, todo, done = Needs(), [(adapter, "")], set()
    while todo:
        path, name = todo.pop()
        if (path, name) in done:
            continue
        done.add((path, name))
        if path != adapter:
            needs.library.add(f"latentseq.{path.stem}" if path.stem != "__init__" else "latentseq")
        source = read_source(path)
        for node in source.definitions.get(name, []) if name else source.always:
            _note_imports(node, needs)
            todo += _reached(node, path, source)
        if name:
            todo.append((path, ""))
    return needs


def _reached(statement: ast.AST, path: Path, source: Source) -> list[tuple[Path, str]]:
    """Definitions that a piece of code mentions, here and in the library's other modules; '' for a module as such."""
    reached = []
    for node in ast.walk(statement):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "latentseq":
            reached += [(_library_file(*_split(node.module, alias.name)[:1]), "") for alias in node.names]
        elif isinstance(node, ast.Name) and node.id in source.definitions:
            reached.append((path, node.id))
        elif isinstance(node, ast.Name) and node.id in source.imported:
            module, name = source.imported[node.id]
            if module:
                reached.append((_library_file(module), name))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, name = source.imported.get(node.value.id, ("-", ""))
            if not module and name != "__version__":
                reached.append((_library_file(name), node.attr))
    return reached


def _split(module: str, name: str) -> tuple[str, str]:
    """Module of the library and the name in it; `from latentseq import kmers` names a module itself."""
    inside = module.partition(".")[2]
    return (inside, name) if inside else (name, "")


def _library_file(module: str) -> Path:
    return LIBRARY / ("__init__.py" if module.startswith("__") else f"{module}.py")


def _note_imports(statement: ast.AST, needs: Needs) -> None:
    optional = {
        part
        for node in ast.walk(statement)
        if isinstance(node, ast.Try) and any("ImportError" in ast.dump(handler) for handler in node.handlers)
        for child in node.body
        for part in ast.walk(child)
    }
    for node in ast.walk(statement):
        found = needs.optional if node in optional else needs.packages
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if _is_package(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.module and _is_package(node.module):
            found.add(node.module)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            needs.words |= set(node.value.split()[:1])
            if node.value.startswith("\nimport "):  # a program for another process
                _note_imports(ast.parse(node.value), needs)


def _is_package(module: str) -> bool:
    return module.split(".")[0] not in {*sys.stdlib_module_names, "latentseq"}
