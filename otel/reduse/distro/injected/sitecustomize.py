"""What an interpreter runs first when the folder of injected packages is on its PYTHONPATH.

Any interpreter may: PYTHONPATH is handed on to every child process. So this file is valid for Python 2.7 and later,
takes its folders from `sys.path` again, and only waits: for the import of something that would be measured. A process
that never does so is as it would be without us. What runs in its place otherwise, a `sitecustomize` of the
application's own, runs as ever.
"""

import os
import sys

OLDEST = (3, 11)

_HERE = os.path.dirname(os.path.abspath(__file__))
# The operator names DIR/opentelemetry/instrumentation/auto_instrumentation and DIR.
_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(_HERE)))
_ROOT = os.path.join(_FOLDER, "reduse-injected")


class Waiting:
    """A finder that finds nothing, and begins when a module is looked for that would be measured."""

    def __init__(self, names):
        self._names = names
        self._pid = os.getpid()

    def find_spec(self, name, path=None, _target=None):
        """As Python 3 asks."""
        if path is None and name in self._names and self._is_there(name):
            return self._begin(name)
        return None

    def find_module(self, name, path=None):
        """As Python 2 asks."""
        return self.find_spec(name, path)

    def _is_there(self, name):
        # Many a program looks whether it is, and does without.
        if sys.version_info < (3, 4):
            import pkgutil

            return any(each.find_module(name) for each in pkgutil.iter_importers() if each is not self)
        others = [finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec")]
        return any(finder.find_spec(name, None) for finder in others)

    def _begin(self, name):
        # It stays where it is: the import system is on its way through this list, maybe in several threads.
        self._names = frozenset()
        if sys.version_info < OLDEST:
            _say("this is Python %d.%d, and 3.11 or later is needed" % sys.version_info[:2])
            return None
        try:
            return _start(name, os.getpid() != self._pid)
        except Exception as error:
            _say("%s: %s" % (type(error).__name__, error))
            return None


def _say(reason):
    try:
        sys.stderr.write("reduse: not measured: %s\n" % reason)
    except Exception:
        # Nobody to tell: stderr is closed or there is none.
        return


def _start(name, forked):
    import importlib.util

    package = os.path.join(_ROOT, "start")
    spec = importlib.util.spec_from_file_location(
        "_reduse_injected", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["_reduse_injected"] = module
    spec.loader.exec_module(module)
    return module.start(_ROOT, name, forked)


def _wait():
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) not in (_HERE, _FOLDER)]
    try:
        with open(os.path.join(_ROOT, "measured")) as lines:
            names = frozenset(lines.read().split())
    except Exception as error:
        _say(error)
        return
    sys.meta_path.insert(0, Waiting(names))


def _run_other():
    # Kept alive here: Python 2 empties a module that nobody refers to.
    ours = sys.modules.pop(__name__, None)
    try:
        import sitecustomize  # noqa: F401 - that of the application, or of the system
    except ImportError as error:
        missing = getattr(error, "name", None) or str(error).rpartition(" ")[2]
        if missing != "sitecustomize":
            raise
    finally:
        if ours is not None:
            sys.modules.setdefault(__name__, ours)


if __name__ == "sitecustomize":
    _wait()
    _run_other()
