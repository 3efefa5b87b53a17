-- One row is one finding that is late at a moment: a dataset, the declarations or confirmations of a month, what is not
-- closed, with its silence if any. Reads only.
SELECT
    t.ma_phat_hien,
    t.loai,
    min(t.ten) AS ten,
    min(t.ky) AS ky,
    min(t.tre_tu) AS tre_tu,
    sum(t.thieu)::bigint AS thieu,
    -- Who is meant; none where it is the province's.
    count(t.doi_tuong) AS so_doi_tuong,
    (array_agg(t.ten ORDER BY t.thieu DESC, t.ten ASC))[1:5] AS cac_ten,
    min(t.viec_can_lam) AS viec_can_lam,
    i.con_im,
    i.ly_do AS ly_do_im,
    i.den_luc AS im_den,
    -- A silence that ended while it was late already: what has come back since is told as new.
    NOT i.con_im AND coalesce(i.den_luc AT TIME ZONE 'Asia/Ho_Chi_Minh' >= min(t.tre_tu), TRUE) AS het_im
FROM ops.tre_han_luc(CAST(:luc AS timestamp)) AS t
LEFT JOIN ops.im_lang_hien_nay AS i ON t.ma_phat_hien = i.ma_phat_hien
GROUP BY t.ma_phat_hien, t.loai, i.con_im, i.ly_do, i.den_luc
ORDER BY
    array_position(ARRAY['du_lieu', 'doi_chieu', 'khai_bao', 'xac_nhan', 'chot'], t.loai) ASC,
    min(t.tre_tu) ASC NULLS FIRST,
    t.ma_phat_hien ASC;
