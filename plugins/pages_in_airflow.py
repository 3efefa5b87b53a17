"""Airflow plugin: the pages for officers and engineers, beside Airflow's own."""

from airflow.plugins_manager import AirflowPlugin

from cchc.flow.pages import URL_PREFIX, PagesWhenAsked


class PagesPlugin(AirflowPlugin):
    """Mounts the application and names its pages in Airflow's menu."""

    name = "cchc_pages"
    fastapi_apps = [  # noqa: RUF012 - as AirflowPlugin declares it
        {"app": PagesWhenAsked(), "url_prefix": URL_PREFIX, "name": "Chỉ số CCHC"}
    ]
    external_views = [  # noqa: RUF012
        {
            "name": "Bảng điểm",
            "href": f"{URL_PREFIX}/",
            "url_route": "cchc-bang-diem",
            "destination": "nav",
            "category": "browse",
        },
        {
            "name": "Lô dữ liệu",
            "href": f"{URL_PREFIX}/van-hanh/lan-chay?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "url_route": "cchc-lo-cua-lan-chay",
            "destination": "dag_run",
        },
        {
            "name": "Lô dữ liệu",
            "href": f"{URL_PREFIX}/van-hanh/lan-chay?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "url_route": "cchc-lo-cua-tac-vu",
            "destination": "task_instance",
        },
    ]
