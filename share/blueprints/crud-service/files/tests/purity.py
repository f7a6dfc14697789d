"""What a function in app/functions may do: calculate, and nothing else.

Looks at the source, never runs it. This is a guard against mistakes and against a model that
was led astray; it is not a sandbox.
"""

import ast

MODULES = {"math", "datetime", "decimal", "re", "statistics", "collections", "itertools",
           "functools", "string", "fractions"}
NAMES = {"open", "exec", "eval", "compile", "__import__", "getattr", "setattr", "delattr",
         "globals", "locals", "vars", "input", "print", "breakpoint", "memoryview", "help", "exit",
         "quit", "type", "object", "super", "classmethod", "staticmethod", "id", "dir", "hasattr"}
NODES = (ast.Global, ast.Nonlocal, ast.ClassDef, ast.AsyncFunctionDef, ast.Await, ast.AsyncFor,
         ast.AsyncWith, ast.With, ast.Delete, ast.Yield, ast.YieldFrom)
FORMATTERS = {"format", "format_map"}


def faults(source, name):
    """A list of what makes this source impure; empty when it is fine."""
    tree, found = ast.parse(source), []

    def fault(node, why):
        found.append("line %d: %s" % (getattr(node, "lineno", 0), why))

    for node in tree.body:
        constant = isinstance(node, ast.Assign) and all(
            isinstance(target, ast.Name) and target.id.isupper() for target in node.targets)
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (constant or text or isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef))):
            fault(node, "only imports, constants and functions may stand here")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in MODULES:
                    fault(node, "imports " + alias.name)
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module not in MODULES or any(a.name == "*" for a in node.names):
                fault(node, "imports from " + str(node.module))
        elif isinstance(node, NODES):
            fault(node, type(node).__name__ + " is not allowed")
        elif isinstance(node, ast.Name) and (node.id in NAMES or node.id.startswith("__")):
            fault(node, "uses " + node.id)
        elif isinstance(node, ast.Attribute) and (
                node.attr.startswith("_") or node.attr in FORMATTERS):
            fault(node, "uses ." + node.attr)
        elif isinstance(node, ast.ExceptHandler) and (node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id == "BaseException")):
            fault(node, "catches everything")
        elif isinstance(node, ast.FunctionDef):
            for default in node.args.defaults + [d for d in node.args.kw_defaults if d]:
                if not isinstance(default, (ast.Constant, ast.UnaryOp, ast.Tuple)):
                    fault(node, "has a default that is shared between calls")
            if node.decorator_list:
                fault(node, "is decorated")
    if not any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body):
        found.append("there is no function %s" % name)
    return found
