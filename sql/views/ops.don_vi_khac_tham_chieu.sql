CREATE VIEW ops.don_vi_khac_tham_chieu WITH (security_invoker = on) AS
SELECT
    n.ma_don_vi_nguon,
    n.ma_don_vi,
    n.khop_theo,
    o.key AS cot,
    o.value ->> 'nguon' AS gia_tri_nguon,
    o.value ->> 'tham_chieu' AS gia_tri_tham_chieu,
    n.batch_id,
    n.line_no
FROM core.don_vi_nguon AS n
CROSS JOIN LATERAL jsonb_each(n.khac) AS o;
COMMENT ON VIEW ops.don_vi_khac_tham_chieu IS
'Một dòng = một điều hệ thống nguồn nói về một đơn vị khác với danh mục tham chiếu: cảnh báo, cần người xem.';
