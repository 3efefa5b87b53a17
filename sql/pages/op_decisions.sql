-- One row is one kind of thing that waits for somebody's decision, and how many there are.
-- Reads only.
SELECT
    'don_vi_khac' AS loai,
    count(*) AS so,
    array_agg(DISTINCT ma_don_vi_nguon || ' ' || cot) AS vi_du
FROM ops.don_vi_khac_tham_chieu
UNION ALL
SELECT
    'phieu',
    count(*),
    NULL
FROM ops.form_not_taken;
