"""Superset for one machine, on loopback: what it needs comes by environment, nothing goes to another host."""

import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])
SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
# Dashboards, charts and users of Superset itself: a file, so that no other database stands beside the
# warehouse.
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}?check_same_thread=false"

APP_NAME = "Kho chỉ số CCHC"
DEFAULT_TIME_FILTER = "No filter"
ROW_LIMIT = 10_000
# A slow question ends before a browser gives up; the login of the warehouse has a limit of its own.
SUPERSET_WEBSERVER_TIMEOUT = 60

# 1.234.567,89 and 31/12/2025, as in all else that people of the province read.
D3_FORMAT = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"]}
D3_TIME_FORMAT = {
    "dateTime": "%d/%m/%Y %H:%M",
    "date": "%d/%m/%Y",
    "time": "%H:%M:%S",
    "periods": ["SA", "CH"],
    "days": ["Chủ nhật", "Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy"],
    "shortDays": ["CN", "T2", "T3", "T4", "T5", "T6", "T7"],
    "months": [f"Tháng {number}" for number in range(1, 13)],
    "shortMonths": [f"Th{number}" for number in range(1, 13)],
}

# A browser asks no other host for maps, fonts or counting. The picture that counts users is built into the
# package (SCARF_ANALYTICS is read when its scripts are built, not here): only this policy keeps it away.
MAPBOX_API_KEY = ""
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'self'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    # Loopback has no certificate.
    "force_https": False,
    "session_cookie_secure": False,
}
SESSION_COOKIE_SAMESITE = "Lax"
# Whoever asks is one machine: no counting of requests that would need a store.
RATELIMIT_ENABLED = False
FAB_API_SWAGGER_UI = False
FEATURE_FLAGS = {"ALERT_REPORTS": False, "ENABLE_TEMPLATE_PROCESSING": False}
