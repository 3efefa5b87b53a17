CREATE VIEW mart.ghi_chu WITH (security_invoker = on) AS
SELECT
    g.lan,
    g.ky_loai,
    g.ky,
    g.ma_chi_so,
    g.ma_don_vi,
    g.loai,
    g.noi_dung,
    g.nguoi,
    -- Tools show a moment with a zone by their own clock, most of them by that of UTC.
    g.luc AT TIME ZONE 'Asia/Ho_Chi_Minh' AS luc,
    coalesce(
        last_value(g.loai) OVER (
            PARTITION BY g.ky_loai, g.ky, g.ma_don_vi, g.ma_chi_so
            ORDER BY (g.loai <> 'ghi_chu') ASC, g.lan ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) = 'theo_doi',
        FALSE
    ) AS dang_theo_doi
FROM ops.ghi_chu AS g;
COMMENT ON VIEW mart.ghi_chu IS
'Một dòng = một lần ghi chú hoặc đánh dấu một con số; đơn vị chỉ thấy con số của mình. Ở lại khi con số được tính lại.';
COMMENT ON COLUMN mart.ghi_chu.lan IS 'Số thứ tự của lần ghi.';
COMMENT ON COLUMN mart.ghi_chu.ky_loai IS 'Loại kỳ của con số, xem mart.ky.';
COMMENT ON COLUMN mart.ghi_chu.ky IS 'Kỳ của con số.';
COMMENT ON COLUMN mart.ghi_chu.ma_chi_so IS 'Mã chỉ số.';
COMMENT ON COLUMN mart.ghi_chu.ma_don_vi IS 'Mã đơn vị hoặc TONG:<cap>.';
COMMENT ON COLUMN mart.ghi_chu.loai IS 'ghi_chu: lời ghi; theo_doi: đánh dấu cần theo dõi; thoi_theo_doi: bỏ dấu.';
COMMENT ON COLUMN mart.ghi_chu.noi_dung IS 'Lời ghi; NULL khi chỉ đánh dấu.';
COMMENT ON COLUMN mart.ghi_chu.nguoi IS 'Tên đăng nhập của người ghi.';
COMMENT ON COLUMN mart.ghi_chu.luc IS 'Lúc ghi, giờ Việt Nam.';
COMMENT ON COLUMN mart.ghi_chu.dang_theo_doi IS 'TRUE: con số này đang được theo dõi: dấu sau cùng của nó là theo_doi.';
GRANT SELECT ON mart.ghi_chu TO cchc_steward, cchc_don_vi;
