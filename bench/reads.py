"""Reads at a fixed rate: `bench/reads.py profile`. Each part prints its conditions and its figures.

Options follow the part's name; `--help` lists them.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import profiles

PARTS = {"profile": profiles.main}


def main() -> None:
    """Run the part named first."""
    if len(sys.argv) < 2 or sys.argv[1] not in PARTS:
        raise SystemExit(f"usage: reads.py {'|'.join(PARTS)} [options]")
    part = PARTS[sys.argv.pop(1)]
    part()


if __name__ == "__main__":
    main()
