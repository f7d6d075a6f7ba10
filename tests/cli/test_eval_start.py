"""`alos eval` starts quickly: what only some commands need is imported by these alone."""

import os
import subprocess
import sys


def test_no_forms_are_built_before_a_run() -> None:
    code = (
        "import sys, alos.cli.evals; print('pydantic' in sys.modules, 'sqlalchemy' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.split() == ["False", "False"]
