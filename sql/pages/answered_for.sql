-- One row is one code for which a unit answers today: its own, and those that it took over.
-- Reads only.
SELECT DISTINCT t.ma_goc AS ma
FROM core.don_vi_tra_loi AS t
WHERE
    t.ma_don_vi = :ma
    AND CAST(:ngay AS date) BETWEEN t.valid_from AND t.valid_to;
