-- One row is the code of a unit that has not confirmed its figures of the month :ky as they are now, that somebody
-- answers for and that is not being asked. Reads only.
SELECT x.ma_don_vi
FROM mart.xac_nhan AS x
WHERE
    x.ky = :ky
    AND x.trang_thai <> 'da_xac_nhan'
    AND EXISTS (SELECT FROM ops.nguoi_tra_loi(x.ma_don_vi))
    AND NOT EXISTS (
        SELECT FROM ops.de_nghi AS q
        WHERE
            q.ky = x.ky AND q.loai = 'xac_nhan' AND q.ma_don_vi = x.ma_don_vi AND q.tra_loi IS NULL AND q.han > now()
    )
ORDER BY x.ma_don_vi;
