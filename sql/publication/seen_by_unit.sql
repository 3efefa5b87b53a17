-- One row: what unit :don_vi looks at before it confirms the month :ky. Reads only.
SELECT
    EXISTS(
        SELECT FROM mart.xac_nhan AS x
        WHERE x.ky = :ky AND x.ma_don_vi = :don_vi
    ) AS phai_xac_nhan,
    (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date >= ((:ky || '-01')::date + interval '1 month')::date AS het_thang,
    core.dau_con_so(:ky, :don_vi) AS dau_con_so,
    (
        SELECT coalesce(sum(l.so_dong), 0)::bigint
        FROM mart.loi_du_lieu AS l
        WHERE l.ma_don_vi = :don_vi
    ) AS so_dong_loi,
    (
        -- Ended late or still open and late: columns 10 and 13 of form II.06a.
        SELECT coalesce(max(b.cot_10 + b.cot_13), 0)::bigint
        FROM mart.bieu_06a AS b
        WHERE b.ky_loai = 'thang' AND b.ky = :ky AND b.ma_don_vi = :don_vi AND b.ma_linh_vuc = ''
    ) AS so_ho_so_tre;
