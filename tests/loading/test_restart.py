"""The loader may be killed between any two statements and started again: nothing is different."""

import pytest

from cchc.figures.refresh import pending_periods, refresh
from cchc.judging import validation
from cchc.judging.validation import validate
from cchc.loading.load import load
from tests.world import World, code

FINISHED = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250311100000"}
BAD = {"ma_ho_so": ""}
CHANGES = [{}, FINISHED, {"kenh_thuc_hien": "1"}, *[{}] * 30, BAD]


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the package catches it."""


def run_all(world: World, batch_id: int) -> None:
    validate(world.engine, batch_id)
    load(world.engine, batch_id)
    for ky in pending_periods(world.engine):
        refresh(world.engine, ky)


def test_batch_killed_while_it_was_judged_is_judged_again(province: World, monkeypatch):
    batch_id = province.land("ho_so", province.dossiers(*CHANGES), at="2025-05-10")

    def dies(**_: object):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(validation, "_judge", lambda *_: dies())
        with pytest.raises(Killed):
            validate(province.engine, batch_id)
    run_all(province, batch_id)
    counts = "SELECT lines_read, lines_accepted, lines_rejected FROM ops.batch WHERE batch_id = :b"
    # 34 lines: 33 good, 1 without code.
    assert province.rows(counts, b=batch_id) == [(34, 33, 1)]


def test_staged_lines_lost_in_a_crash_are_staged_again(province: World):
    batch_id = province.land("ho_so", province.dossiers(*CHANGES), at="2025-05-10")
    validate(province.engine, batch_id)
    with province.engine.begin() as connection:
        # What PostgreSQL does to an UNLOGGED table after a crash.
        connection.exec_driver_sql(f"TRUNCATE staging.ho_so__{batch_id}")
    batch, _ = load(province.engine, batch_id)
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (34, 33, 1)


@pytest.mark.parametrize(
    "touch",
    [
        "DELETE FROM {t} WHERE line_no = 2; INSERT INTO {t} (line_no) VALUES (2)",
        # As an earlier version staged them.
        "ALTER TABLE {t} RENAME COLUMN bam_dong TO cu",
        "UPDATE {t} SET so_lan_bo_sung = 7 WHERE line_no = 3",
        "DELETE FROM {t}__repeated",
        "UPDATE {t}__repeated SET changed_at = changed_at - interval '1 day'",
        "DROP TABLE {t}__repeated CASCADE",
        "DROP VIEW {t}__look_up",
    ],
)
def test_staged_lines_that_were_touched_since_they_were_read_are_staged_again(province: World, touch: str):
    older, newer = {"ma_ho_so": code(3)}, {"ma_ho_so": code(3), "ngay_cap_nhat": "20250306090000"}
    batch_id = province.land("ho_so", province.dossiers({}, {}, older, newer), at="2025-05-10")
    validate(province.engine, batch_id)
    with province.engine.begin() as connection:
        connection.exec_driver_sql(touch.format(t=f"staging.ho_so__{batch_id}"))
    batch, _ = load(province.engine, batch_id)
    assert (batch.lines_read, batch.lines_accepted, batch.lines_superseded) == (4, 3, 1)
    assert province.rows("SELECT line_no, so_lan_bo_sung FROM core.ho_so ORDER BY 1") == [
        (2, 0),
        (3, 0),
        (5, 0),
    ]
