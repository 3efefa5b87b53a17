"""Makes Superset ready: its tables, its administrator, and the bundle beside this file. Safe to repeat.

Run by Superset's own Python, since it is written with Superset's parts. The environment gives
SUPERSET_HOME, SUPERSET_SECRET_KEY, SUPERSET_CONFIG_PATH, ADMIN_PASSWORD, and WAREHOUSE_URI: the warehouse
as the read-only login enters it. What was changed in Superset itself is replaced by what the bundle says.
"""

import os
from pathlib import Path

import superset
from flask import g
from flask_migrate import upgrade
from sqlalchemy.engine import make_url
from superset.app import create_app

BUNDLE = Path(__file__).parent
PARTS = ("databases", "datasets", "charts", "dashboards")
WAREHOUSE = "databases/kho_cchc.yaml"
ADMIN = "admin"
PLACEHOLDER = "sqlalchemy_uri: postgresql+psycopg2://bi:XXXXXXXXXX@localhost:5432/cchc"


def bundle(uri: str) -> tuple[dict[str, str], dict[str, str]]:
    """The files of the bundle with this warehouse's address, without its password; passwords by file."""
    files = [BUNDLE / "metadata.yaml", *(file for part in PARTS for file in (BUNDLE / part).rglob("*.yaml"))]
    contents = {file.relative_to(BUNDLE).as_posix(): file.read_text(encoding="utf-8") for file in files}
    url = make_url(uri)
    if PLACEHOLDER not in contents[WAREHOUSE]:
        raise SystemExit(f"bi/superset/{WAREHOUSE}: expected the line {PLACEHOLDER!r}.")
    shown = url.set(password="XXXXXXXXXX").render_as_string(hide_password=False)
    contents[WAREHOUSE] = contents[WAREHOUSE].replace(PLACEHOLDER, f"sqlalchemy_uri: {shown}")
    return contents, {WAREHOUSE: url.password}


def main() -> None:
    """Brings tables and roles up to date, sets the administrator's password, imports the bundle."""
    app = create_app()
    with app.app_context():
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.extensions import appbuilder, security_manager

        upgrade(directory=str(Path(superset.__file__).parent / "migrations"))
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        password = os.environ["ADMIN_PASSWORD"]
        admin = security_manager.find_user(ADMIN)
        if admin is None:
            admin = security_manager.add_user(
                ADMIN,
                "Quản trị",
                "Superset",
                "admin@localhost",
                security_manager.find_role("Admin"),
                password,
            )
        else:
            security_manager.reset_password(admin.id, password)
        g.user = admin
        contents, passwords = bundle(os.environ["WAREHOUSE_URI"])
        ImportAssetsCommand(contents, passwords=passwords).run()
    print(f"Imported {len(contents) - 1} files.")


if __name__ == "__main__":
    main()
