-- One row is one item that one unit has to declare for the month, and when it first did.
-- Reads only; the time is the one that the declaration states, not that of loading: the same files give the same rows.
SELECT
    n.ma_don_vi,
    '' AS ma_tthc,
    '' AS ma_linh_vuc,
    n.nop_luc AS ngay_cap_nhat,
    n.ma_so_lieu,
    n.ky,
    n.han,
    n.nop_luc,
    n.da_nop,
    n.dung_han,
    n.tu_ngay AS thang,
    n.batch_id,
    n.line_no
FROM core.nop_so_lieu AS n
WHERE n.ky = to_char(CAST(:tu_ngay AS date), 'YYYY-MM')
