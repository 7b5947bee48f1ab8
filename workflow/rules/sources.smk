# Where the library is, and the digest of the code behind a step. Files of a checkout are used where they lie: Snakemake's
# copies have another folder in each call, where Python and numba would compile everything anew. A workflow that is used
# as a module from a repository has only the files that are named through `workflow.source_path`, so the library's are
# named here, module by module.

import ast
import functools
import hashlib

from pathlib import Path

RULES = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))


def source_path(path):
    """Where a source file lies that is given from the folder of the rules: in the checkout, or in a copy."""
    return RULES / path if RULES.is_dir() else Path(workflow.source_path(path))


@functools.cache
def read_source(path):
    """Text of a source file, and the paths of the library's modules that it imports; read once for all rules."""
    text = source_path(path).read_text()
    return text, imported_modules(text) if path.endswith(".py") else []


def imported_modules(text):
    """Paths of the library's modules that Python source imports, in alphabetical order."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            package, *module = node.module.split(".")
            if package == "latentseq":
                names |= set(module or [alias.name for alias in node.names])
    return [library_path(name) for name in sorted(names) if not name.startswith("__")]


def library_path(module):
    """Path of a module of the library, as `source_path` takes it."""
    return f"../../scripts/latentseq/{module}.py"


def all_sources(*paths):
    """Texts of source files and of all modules of the library behind them, by their paths."""
    texts, todo = {}, list(paths)
    while todo:
        path = todo.pop(0)
        if path not in texts:
            texts[path], modules = read_source(path)
            todo += modules
    return texts


def library_folder(*modules):
    """Folder that Python finds the library in, with these modules and those that they import."""
    all_sources(*map(library_path, modules))
    return source_path(library_path("__init__")).parent.parent.resolve()


def code_of(script, *others):
    """Digest of a script, of the library modules that it uses and of other files: for its params.

    Snakemake sees neither edits of imported files nor the content of a script, only its date, and would compute
    everything anew after a fresh checkout.
    """
    texts = all_sources(f"../../scripts/{script}.py", *others)
    return hashlib.sha256("".join(texts.values()).encode()).hexdigest()[:16]


def report_sources(*names):
    """Paths of parts of a page, for `code_of`."""
    return [f"../report/{name}" for name in names]
