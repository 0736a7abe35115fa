"""How well stories are found by the rare personal names in them, in an archive of your own.

PYTHONPATH=tests python tests/benchmarks/bench_names.py ARCHIVE [--names 150]
"""

from __future__ import annotations

import argparse

from support.names import FORMS, found_by_name, rare_names

from search.archive import open_archive


def main() -> None:
    """Print a line for each way of typing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive")
    parser.add_argument("--names", type=int, default=150)
    options = parser.parse_args()
    with open_archive(options.archive) as archive:
        names = rare_names(archive.store, options.names)
        print(f"{len(names)} names")
        for form in FORMS if names else ():
            first, ten = found_by_name(archive, names, form)
            print(f"{form:20} first {first:.3f}  in the first ten {ten:.3f}")


if __name__ == "__main__":
    main()
