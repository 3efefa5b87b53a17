"""The assets that tie the DAGs together."""

from airflow.sdk import Asset

# One partition a month (2025-03): its dossiers or what their figures depend on have changed.
# The address names the table, not a server: deployments differ in hosts, not in the asset.
THANG_CO_THAY_DOI = Asset(
    name="thang_co_thay_doi",
    uri="postgres://cchc-warehouse:5432/cchc/core/ho_so",
    group="cchc",
)
