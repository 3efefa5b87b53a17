"""Superset itself, installed from its lock, over a warehouse: what a person sees there is what mart says."""

import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from cchc import vietnamese
from tests.pages.browsing import browser
from tests.world import SO, World
from tools.local import superset as dashboards
from tools.local.settings import REPO, Home, load_secrets
from tools.local.stack import end_leftovers

pytestmark = [pytest.mark.long, pytest.mark.stack]

# Superset asks for a picture that counts its users; the policy of its pages is there to forbid that.
COUNTING = "https://apachesuperset.gateway.scarf.sh/"
PATIENCE_MS = 60_000
# The dossiers of bi_world name no field.
FIELD = "Không rõ lĩnh vực"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("superset"))
    home.create()
    return home


@pytest.fixture(scope="module")
def started(home: Home, bi_world: World, postgres) -> Iterator[dashboards.Superset]:
    # As `make superset` does it; nothing when it was done before.
    subprocess.run(
        ["make", "-s", "-o", ".venv/.installed", ".venv-superset/.installed"], check=True, cwd=REPO
    )
    running = start(home, bi_world, postgres)
    yield running
    dashboards.end(home)
    assert not running.is_alive


def start(home: Home, world: World, postgres) -> dashboards.Superset:
    port = dashboards.make_room(home)
    return dashboards.start(home, port, postgres.dsn(world.engine.url.database, "bi"), lambda _: None)


@dataclass
class Visit:
    """A page of the administrator's, and what it asked other hosts for."""

    page: Page
    went_out: list[str] = field(default_factory=list)

    def open(self, slug: str) -> "Visit":
        self.page.goto(f"/superset/dashboard/{slug}/")
        return self

    def chart(self, name: str) -> Locator:
        return self.page.locator(f'[data-test-chart-name="{name}"]')

    def choose(self, column: str, value: str) -> None:
        """Takes another value of a filter, and applies it."""
        self.page.locator(f"#NATIVE_FILTER-{column}").fill(value)
        self.page.locator(f'.ant-select-item-option[title="{value}"]').click()
        self.page.locator('[data-test="filter-bar__apply-button"]').click()


@pytest.fixture(scope="module")
def visit(started: dashboards.Superset, home: Home) -> Iterator[Visit]:
    with browser() as opened:
        size = {"width": 1400, "height": 2600}
        context = opened.new_context(viewport=size, locale="vi-VN", base_url=started.address)
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        found = Visit(context.new_page())
        # What the policy of the page forbids never leaves the browser: it fails as `csp`.
        found.page.on("requestfinished", lambda asked: _note(found, asked.url, started.address))
        found.page.on(
            "requestfailed",
            lambda asked: asked.failure == "csp" or _note(found, asked.url, started.address),
        )
        found.page.goto("/login/")
        found.page.locator('[data-test="username-input"]').fill("admin")
        found.page.locator('[data-test="password-input"]').fill(load_secrets(home.path)["superset"])
        found.page.keyboard.press("Enter")
        found.page.wait_for_url(lambda url: "login" not in url)
        yield found
        expect.set_options(timeout=5_000)
        context.close()


def _note(found: Visit, url: str, address: str) -> None:
    if not url.startswith((address, "data:", "blob:")):
        found.went_out.append(url)


def of_mart(world: World, columns: str, where: str, **binds: object) -> list[tuple]:
    return world.rows(f"SELECT {columns} FROM mart.chi_so WHERE ky_loai = 'thang' AND {where}", **binds)


def test_the_province_by_month_shows_the_figures_of_mart(visit: Visit, bi_world: World):
    found = visit.open("toan-tinh")
    # It begins with the newest month, in which forty dossiers were received and none ended.
    expect(found.chart("Tiếp nhận")).to_contain_text("40")
    expect(found.chart("Đúng hạn (%)")).to_contain_text("No data")
    found.choose("ky", "2025-03")
    # By hand: six were received and ended, four of them in time, written the Vietnamese way.
    expect(found.chart("Tiếp nhận")).to_contain_text("6")
    expect(found.chart("Đúng hạn (%)")).to_contain_text("66,67")
    province = "ky = '2025-03' AND ma_don_vi = 'TONG:toan_tinh'"
    figures = dict(of_mart(bi_world, "ma_chi_so, gia_tri", province))
    assert (figures["tiep_nhan"], figures["dung_han_06a"]) == (6, Decimal("66.67"))
    expect(found.chart("Chỉ số của toàn tỉnh").locator("tbody tr")).to_have_count(len(figures))
    assert table(found.chart("Chỉ số của toàn tỉnh"), "Mã", "Giá trị") == {
        ma: "N/A" if value is None else vietnamese.number(value.normalize(), places(value))
        for ma, value in figures.items()
    }
    [reached] = of_mart(bi_world, "count(*) FILTER (WHERE dat), count(*) FILTER (WHERE NOT dat)", province)
    expect(found.chart("Chỉ tiêu đạt").locator(".header-line")).to_have_text(str(reached[0]))
    expect(found.chart("Chưa đạt").locator(".header-line")).to_have_text(str(reached[1]))
    # The units' ranks, of the indicator that is chosen beside them.
    assert table(found.chart("Xếp hạng đơn vị theo chỉ số"), "Đơn vị", "Giá trị") == {
        "Sở Xây dựng": "75",
        "UBND Phường 1, Thành phố Trà Vinh": "50",
        "UBND Thành phố Trà Vinh": "N/A",
    }


def test_a_unit_shows_its_own_figures(visit: Visit, bi_world: World):
    found = visit.open("don-vi")
    expect(found.chart("Chỉ số của đơn vị").locator("tbody tr").first).to_be_visible()
    found.choose("ky", "2025-03")
    found.choose("don_vi", "Sở Xây dựng")
    expect(found.chart("Đúng hạn (%)")).to_contain_text("75,00")
    expect(found.chart("Hồ sơ trễ hạn").locator(".header-line")).to_have_text("1")
    [(late,)] = of_mart(
        bi_world, "gia_tri", "ky = '2025-03' AND ma_chi_so = 'T15' AND ma_don_vi = :unit", unit=SO
    )
    assert late == 1
    # Form II.06a: four received, four ended, one of them late.
    assert table(found.chart("Biểu II.06a theo lĩnh vực"), "Lĩnh vực", "Tiếp nhận") == {FIELD: "4"}
    assert table(found.chart("Biểu II.06a theo lĩnh vực"), "Lĩnh vực", "Quá hạn") == {FIELD: "1"}
    assert table(found.chart("Lỗi dữ liệu chưa sửa của đơn vị"), "Quy tắc", "Số dòng lỗi") == {"HS10": "1"}


def test_quality_and_freshness_show_what_was_loaded(visit: Visit, bi_world: World):
    found = visit.open("chat-luong")
    # By hand: 47 lines of dossiers, one due before it was received.
    expect(found.chart("Dòng lỗi chưa sửa").locator(".header-line")).to_have_text("1")
    expect(found.chart("Lô bị dừng, chờ xử lý").locator(".header-line")).to_have_text("0")
    expect(found.chart("Tháng chờ tính lại").locator(".header-line")).to_have_text("0")
    sources = found.chart("Nguồn dữ liệu biết đến lúc nào")
    expect(sources.locator("tbody tr")).to_have_count(3)
    assert table(sources, "Bộ dữ liệu", "Dòng đọc")["ho_so"] == "47"
    assert table(sources, "Bộ dữ liệu", "Số dòng bị loại")["ho_so"] == "1"
    assert table(sources, "Bộ dữ liệu", "Biết đến")["ho_so"] == "05/04/2025 00:00"
    # By Vietnam's clock, wherever server and browser are.
    loaded = "to_char(max(loaded_at) AT TIME ZONE 'Asia/Ho_Chi_Minh', 'DD/MM/YYYY HH24:MI')"
    [(at,)] = bi_world.rows(f"SELECT {loaded} FROM ops.batch WHERE dataset = 'ho_so'")
    assert table(sources, "Bộ dữ liệu", "Nạp lúc")["ho_so"] == at


def test_no_other_host_was_asked(visit: Visit):
    """Also not for the picture that counts users, which Superset's pages contain."""
    page = visit.page
    visit.open("toan-tinh")
    expect(visit.chart("Tiếp nhận").locator(".header-line")).to_be_visible()
    policy = requests.get(page.url, timeout=30, allow_redirects=False).headers["Content-Security-Policy"]
    assert "http" not in policy
    assert page.evaluate(
        """async (url) => {
            const blocked = new Promise((resolve) =>
                document.addEventListener('securitypolicyviolation', (event) => resolve(event.blockedURI)));
            new Image().src = url;
            return blocked;
        }""",
        COUNTING + "pixel",
    ).startswith(COUNTING)
    assert visit.went_out == []


def test_it_listens_on_loopback_only_and_keeps_its_files_to_itself(started, home):
    lines = Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]
    listening = [line.split()[1] for line in lines if line.split()[3] == "0A"]
    assert [at for at in listening if at.endswith(f":{started.port:04X}")] == [f"0100007F:{started.port:04X}"]
    folder = home.path / "superset"
    for path in (folder, *folder.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    command = Path(f"/proc/{started.pid}/cmdline").read_bytes()
    inside = Path(f"/proc/{started.pid}/environ").read_bytes()
    secrets = load_secrets(home.path)
    # The server has no need of what it was prepared with.
    assert secrets["superset"].encode() not in command + inside
    assert secrets["superset_key"].encode() not in command


def test_the_warehouse_is_read_only_for_it(bi_world, postgres):
    connection = psycopg2.connect(postgres.dsn(bi_world.engine.url.database, "bi"))
    with connection.cursor() as cursor, pytest.raises(psycopg2.Error):
        cursor.execute("UPDATE mart.chi_so SET gia_tri = 0")
    connection.close()


def test_started_again_it_has_each_dashboard_once_as_the_files_say(started, home, bi_world, postgres):
    """What somebody changed in Superset is replaced; nothing is there twice. And its port is the same."""
    database = sa.create_engine(f"sqlite:///{home.path / 'superset' / 'superset.db'}")
    counted = (
        "SELECT (SELECT count(*) FROM dashboards), (SELECT count(*) FROM slices), "
        "(SELECT count(*) FROM tables), (SELECT count(*) FROM table_columns), "
        "(SELECT count(*) FROM dashboard_slices)"
    )
    with database.begin() as connection:
        before = connection.exec_driver_sql(counted).one()
        connection.exec_driver_sql("UPDATE dashboards SET dashboard_title = 'Khác' WHERE slug = 'don-vi'")
    again = start(home, bi_world, postgres)
    assert not started.is_alive
    assert again.port == started.port
    with database.begin() as connection:
        assert connection.exec_driver_sql(counted).one() == before
        titles = connection.exec_driver_sql("SELECT dashboard_title FROM dashboards WHERE slug = 'don-vi'")
        assert titles.scalar_one() == "Một đơn vị"
    # What ends a stack finds it by its mark.
    assert end_leftovers(home) > 0
    assert not again.is_alive


def places(value: Decimal) -> int:
    """Of 66.67 two, of 100.00 none: as the table shows numbers of all kinds."""
    return max(-value.normalize().as_tuple().exponent, 0)


def table(chart: Locator, key: str, value: str) -> dict[str, str]:
    """Two columns of a table, by their headings."""
    expect(chart.locator("tbody tr").first).to_be_visible()
    heads = [" ".join(text.split()) for text in chart.locator("thead th").all_inner_texts()]
    rows = [
        [" ".join(cell.split()) for cell in row.locator("td").all_inner_texts()]
        for row in chart.locator("tbody tr").all()
    ]
    return {row[heads.index(key)]: row[heads.index(value)] for row in rows}
