-- One row of core.van_ban is one document in its newest known state.
-- Safe to repeat, in any order: the row with the newest change time at the source wins, and of two rows with
-- the same time the greater one. Every export carries all columns, so a row replaces the whole document.
CREATE TEMP TABLE cu ON COMMIT DROP AS
SELECT v.*
FROM core.van_ban AS v
INNER JOIN lo_tho ON v.ma_van_ban = lo_tho.ma_van_ban;

CREATE TEMP TABLE ghi (ma_van_ban text COLLATE "C") ON COMMIT DROP;

WITH thay AS (
    INSERT INTO core.van_ban AS v (
        ma_van_ban,
        huong,
        ma_don_vi,
        so,
        ky_hieu,
        loai_van_ban,
        ngay_van_ban,
        ngay_den,
        ngay_phat_hanh,
        ngay_dang_ky,
        do_khan,
        do_mat,
        han_xu_ly,
        ngay_hoan_thanh,
        ky_so,
        gui_dien_tu,
        gui_giay,
        ma_ho_so_cong_viec,
        ngay_cap_nhat,
        da_xoa,
        batch_id,
        line_no
    )
    SELECT
        ma_van_ban,
        huong,
        ma_don_vi,
        so,
        ky_hieu,
        loai_van_ban,
        ngay_van_ban::date,
        ngay_den,
        ngay_phat_hanh,
        ngay_dang_ky,
        do_khan::smallint,
        do_mat::smallint,
        han_xu_ly,
        ngay_hoan_thanh,
        ky_so::smallint,
        gui_dien_tu::smallint,
        gui_giay::smallint,
        ma_ho_so_cong_viec,
        ngay_cap_nhat,
        -- The list of a month leaves deleted documents out: what stands in it is not deleted.
        (coalesce(da_xoa, 0) = 1)::int::smallint,
        :batch_id,
        line_no
    FROM lo
    ON CONFLICT (ma_van_ban) DO UPDATE
        SET
            huong = excluded.huong,
            ma_don_vi = excluded.ma_don_vi,
            so = excluded.so,
            ky_hieu = excluded.ky_hieu,
            loai_van_ban = excluded.loai_van_ban,
            ngay_van_ban = excluded.ngay_van_ban,
            ngay_den = excluded.ngay_den,
            ngay_phat_hanh = excluded.ngay_phat_hanh,
            ngay_dang_ky = excluded.ngay_dang_ky,
            do_khan = excluded.do_khan,
            do_mat = excluded.do_mat,
            han_xu_ly = excluded.han_xu_ly,
            ngay_hoan_thanh = excluded.ngay_hoan_thanh,
            ky_so = excluded.ky_so,
            gui_dien_tu = excluded.gui_dien_tu,
            gui_giay = excluded.gui_giay,
            ma_ho_so_cong_viec = excluded.ma_ho_so_cong_viec,
            ngay_cap_nhat = excluded.ngay_cap_nhat,
            da_xoa = excluded.da_xoa,
            batch_id = excluded.batch_id,
            line_no = excluded.line_no
        WHERE
        excluded.ngay_cap_nhat > v.ngay_cap_nhat
        OR (
            excluded.ngay_cap_nhat = v.ngay_cap_nhat
            AND core.noi_dung(to_jsonb(excluded.*)) > core.noi_dung(to_jsonb(v.*)) COLLATE "C"
        )
    RETURNING v.ma_van_ban
)

INSERT INTO ghi
SELECT ma_van_ban FROM thay;

-- A document counts in the months of its arrival or issue, of its registration and of its completion, one
-- with a time limit in every month until it is completed; and in the year-to-date figures until December of
-- the year of the last of these.
CREATE TEMP TABLE pham_vi_doi ON COMMIT DROP AS
SELECT DISTINCT
    date_trunc('month', least(ngay_su_kien, ngay_dang_ky))::date AS tu,
    (date_trunc('year', greatest(ngay_su_kien, ngay_dang_ky, ngay_ket_thuc)) + interval '11 months')::date AS den
FROM (
    SELECT
        v.ngay_su_kien,
        v.ngay_dang_ky,
        v.ngay_ket_thuc
    FROM core.van_ban AS v
    INNER JOIN ghi ON v.ma_van_ban = ghi.ma_van_ban
    UNION ALL
    SELECT
        cu.ngay_su_kien,
        cu.ngay_dang_ky,
        cu.ngay_ket_thuc
    FROM cu
    INNER JOIN ghi ON cu.ma_van_ban = ghi.ma_van_ban
) AS truoc_va_sau;

SELECT count(*) AS lines_accepted
FROM ghi;
