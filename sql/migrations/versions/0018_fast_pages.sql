-- Indexes for pages that ask for one unit.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

-- Findings of a unit; what bears no unit's code is asked for as ''.
CREATE INDEX line_finding_don_vi ON ops.line_finding ((coalesce(ma_don_vi, '')));
-- Whether a rejected line came again.
CREATE INDEX line_finding_loai_khoa ON ops.line_finding (khoa) WHERE bi_loai;
-- What changed since yesterday: rows come in the order of their time, and only the last are asked for.
CREATE INDEX figure_change_changed_at ON ops.figure_change USING brin (changed_at);
