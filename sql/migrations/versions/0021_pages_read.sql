-- What a unit's officer reads behind figures that are counted from declarations.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

-- Rows behind a figure are asked for with the rights of whoever looks; which code of a source means which unit is a
-- register, as core.don_vi is.
GRANT SELECT ON core.don_vi_nguon TO cchc_don_vi;
