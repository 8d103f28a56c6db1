"""Compiled templates, kept beside the templates as Python keeps its own: in `__pycache__`.

The first look at a page compiles a dozen templates of some 8 ms each, in every process anew. What
is kept is known by the hash of its source; where nothing can be kept, or what is kept cannot be
read, a template is compiled as ever.
"""

from __future__ import annotations

import contextlib
import pickle
import tempfile
from pathlib import Path

from jinja2.bccache import Bucket, BytecodeCache

BROKEN = (
    EOFError, ValueError, TypeError, LookupError, AttributeError, ImportError,
    pickle.UnpicklingError,
)  # fmt: skip
"""What reading a file that was cut or overwritten may raise."""

READ_BY_ALL = 0o644  # whoever runs the code may read it, as with Python's own files


class Compiled(BytecodeCache):
    """One file for each template. options: of the environment; what is compiled depends on them."""

    def __init__(self, folder: Path, options: str) -> None:
        self._folder = folder
        self._options = options

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The name of its file."""
        return super().get_cache_key(f"{self._options} {name}", filename)

    def load_bytecode(self, bucket: Bucket) -> None:
        """What was kept of this very source; nothing when it is of another, or broken."""
        try:
            bucket.bytecode_from_string((self._folder / bucket.key).read_bytes())
        except (OSError, *BROKEN):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, whole or not at all: other processes read at any moment."""
        with contextlib.suppress(OSError):  # a folder that only others may write to
            self._folder.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(bucket.bytecode_to_string())
            written = Path(file.name)
            written.chmod(READ_BY_ALL)
            written.replace(self._folder / bucket.key)
