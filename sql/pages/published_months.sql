-- One row is a month that has data and how far it is published, the newest first. Reads only.
SELECT
    c.ky,
    c.trang_thai,
    c.revision,
    c.so_cai,
    c.ma_bam,
    c.luc,
    c.nguoi,
    c.nguoi_duyet,
    c.ly_do,
    c.don_vi_phai,
    c.don_vi_da_xac_nhan,
    c.dong_cho,
    c.con_so_cho
FROM mart.cong_bo AS c
ORDER BY c.ky DESC;
