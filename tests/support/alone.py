"""An interpreter in which httpx is installed and nothing else, as where the client is copied to."""

ALONE = """
import importlib.abc, sys

ALLOWED = set(sys.stdlib_module_names) | {
    "httpx", "httpcore", "anyio", "sniffio", "certifi", "h11", "idna", "typing_extensions",
    "tripletlab",
}

class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)

sys.meta_path.insert(0, Nothing())
for name in ("models", "api", "torch", "pydantic", "numpy"):
    try:
        __import__(name)
    except ImportError:
        continue
    raise SystemExit(f"{name} can be imported, so this proves nothing")
"""
