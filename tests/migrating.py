"""Runs the migrations as `make migrate` and Compose do, from this repository or from a copy of it."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.forked import run_module

ROOT = Path(__file__).parents[1]


def alembic(root: Path, dsn: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = run_module("alembic", *words, cwd=root, env=os.environ | {"CCHC_WAREHOUSE_DSN": dsn})
    if check:
        assert done.returncode == 0, done.stderr
    return done


def migrate(dsn: str, *, root: Path = ROOT, check: bool = True) -> subprocess.CompletedProcess[str]:
    return alembic(root, dsn, "upgrade", "head", check=check)


class Copy:
    """What migrating needs of the repository, for a test to change."""

    def __init__(self, root: Path):
        self.root = root
        self.sql = root / "sql"
        shutil.copytree(ROOT / "sql", self.sql)
        shutil.copytree(ROOT / "plugins", root / "plugins")
        shutil.copy(ROOT / "pyproject.toml", root)

    def file(self, name: str) -> Path:
        """The file of a view or function, schema.name."""
        [file] = self.sql.glob(f"*/{name}.sql")
        return file

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.file(name).read_text(encoding="utf-8")
        assert old in text
        self.file(name).write_text(text.replace(old, new), encoding="utf-8")

    def migrate(self, dsn: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        return migrate(dsn, root=self.root, check=check)
