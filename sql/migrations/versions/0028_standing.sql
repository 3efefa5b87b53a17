-- Which findings still stand, kept beside them: lists of faulty lines looked for the line of each.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

ALTER TABLE ops.line_finding ADD COLUMN con_loi text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ops.line_finding.con_loi IS
'Trong rule_ids, những quy tắc mà dòng còn phạm, chưa được sửa; rỗng: đã sửa, kho không còn theo dòng này, hoặc lô '
'chưa nạp.';

-- The other findings of a thing, when a line of it comes.
DROP INDEX ops.line_finding_loai_khoa;
CREATE INDEX line_finding_khoa ON ops.line_finding (khoa);
-- What still stands of a unit; what bears no unit's code is asked for as ''.
DROP INDEX ops.line_finding_don_vi;
CREATE INDEX line_finding_con_loi ON ops.line_finding ((coalesce(ma_don_vi, ''))) WHERE con_loi <> '{}';
