-- One moment: until when an answer about the month :ky is waited for. :phut minutes from now; without them, the end of
-- the working day that core.quy_tac_chot says after the day of closing (:cho_chot) or, where that is over, after today.
SELECT
    CASE
        WHEN CAST(:phut AS int) IS NOT NULL THEN now() + make_interval(mins => CAST(:phut AS int))
        ELSE
            greatest(
                core.cong_ngay_lam_viec(h.han::timestamp, q.gia_tri) AT TIME ZONE 'Asia/Ho_Chi_Minh',
                now() + make_interval(days => q.gia_tri)
            )
    END AS han
FROM core.quy_tac_chot AS q
LEFT JOIN core.han_nop AS h ON h.loai = 'chot' AND h.ky_loai = 'thang' AND h.ky = :ky AND CAST(:cho_chot AS boolean)
WHERE q.ma = 'cho_tra_loi';
