"""The loader may be killed between any two statements and started again: nothing is different."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from cchc.figures.refresh import pending_periods, refresh
from cchc.judging import validation
from cchc.judging.validation import validate
from cchc.loading.load import load
from tests.world import World

FINISHED = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250311100000"}
BAD = {"ma_ho_so": ""}
CHANGES = [{}, FINISHED, {"kenh_thuc_hien": "1"}, *[{}] * 30, BAD]


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the package catches it."""


def contents(world: World) -> dict[str, list[tuple]]:
    """What has to be the same: core and mart without lineage, and the counts of ops."""
    queries = {
        "ho_so": "SELECT to_jsonb(h) - '{batch_id,line_no}'::text[] FROM core.ho_so AS h ORDER BY ma_ho_so",
        "tong_hop": "SELECT * FROM core.tong_hop ORDER BY tu_ngay, ma_don_vi",
        "chi_so": "SELECT * FROM mart.chi_so ORDER BY ky_loai, ky, ma_chi_so, ma_don_vi",
        "reject": "SELECT line_no, rule_ids, masked_row FROM ops.reject ORDER BY line_no",
        "batch": "SELECT dataset, status, lines_read, lines_accepted, lines_rejected, lines_superseded "
        "FROM ops.batch ORDER BY batch_id",
        "staging": "SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace",
    }
    return {name: world.rows(query) for name, query in queries.items()}


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


def test_killed_at_any_statement_and_started_again_ends_the_same(province: World):
    """Kills the whole way at its 1st, 2nd, … statement until it gets through undisturbed."""
    path = province.dossiers(*CHANGES)
    undisturbed_id = province.land("ho_so", path, at="2025-05-10")
    run_all(province, undisturbed_id)
    undisturbed = contents(province)
    counter = SimpleNamespace(left=0)

    def before(*_: object) -> None:
        counter.left -= 1
        if counter.left == 0:
            raise Killed

    kills = 0
    sa.event.listen(province.engine, "before_cursor_execute", before)
    try:
        # Every sixth statement keeps this below a minute; the offset differs between the stages.
        for statement in range(1, 400, 6):
            province.without_dossiers()
            batch_id = province.land("ho_so", path, at="2025-05-10")
            counter.left = statement
            try:
                run_all(province, batch_id)
                counter.left = 0
                break
            except Killed:
                kills += 1
            counter.left = 0
            run_all(province, batch_id)
            assert contents(province) == undisturbed, f"killed at statement {statement}"
    finally:
        sa.event.remove(province.engine, "before_cursor_execute", before)
    assert kills > 10


def test_staged_lines_lost_in_a_crash_are_staged_again(province: World):
    batch_id = province.land("ho_so", province.dossiers(*CHANGES), at="2025-05-10")
    validate(province.engine, batch_id)
    with province.engine.begin() as connection:
        # What PostgreSQL does to an UNLOGGED table after a crash.
        connection.exec_driver_sql(f"TRUNCATE staging.ho_so__{batch_id}")
    batch, _ = load(province.engine, batch_id)
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (34, 33, 1)
