-- One row is one line of the batch with the status its dossier was in before: in the batch, else in the last year.
-- A view over the batch (`batch_rows`): reads only.
SELECT
    batch_rows.*,
    (
        SELECT h.ma_don_vi
        FROM core.ho_so AS h
        WHERE h.ma_ho_so = batch_rows.ma_ho_so
    ) AS don_vi_giai_quyet,
    coalesce(
        lag(batch_rows.trang_thai)
            OVER (
                PARTITION BY batch_rows.ma_ho_so
                ORDER BY batch_rows.thoi_gian, length(batch_rows.trang_thai), batch_rows.trang_thai
            ),
        (
            SELECT q.trang_thai::text
            FROM core.qua_trinh AS q
            WHERE
                q.ma_ho_so = batch_rows.ma_ho_so
                AND q.thoi_gian < batch_rows.thoi_gian
                AND q.thoi_gian >= batch_rows.thoi_gian - interval '1 year'
            ORDER BY q.thoi_gian DESC, q.trang_thai DESC
            LIMIT 1
        )
    ) AS trang_thai_truoc
FROM batch_rows
