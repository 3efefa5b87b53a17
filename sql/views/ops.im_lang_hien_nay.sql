CREATE VIEW ops.im_lang_hien_nay WITH (security_invoker = on) AS
SELECT DISTINCT ON (i.ma_phat_hien)
    i.ma_phat_hien,
    i.ly_do,
    i.boi,
    i.tu_luc,
    i.den_luc,
    i.den_luc > now() AS con_im
FROM ops.im_lang AS i
ORDER BY i.ma_phat_hien ASC, i.im_lang_id DESC;
COMMENT ON VIEW ops.im_lang_hien_nay IS
'Một dòng = một phát hiện từng được cho im, theo lần sau cùng; con_im FALSE: đã hết, lại báo.';
COMMENT ON COLUMN ops.im_lang_hien_nay.con_im IS 'TRUE: đang im.';
