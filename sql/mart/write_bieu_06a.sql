-- Brings mart.bieu_06a in line with mart.tinh_bieu_06a for the periods named by :cac_ky_loai and :cac_ky.
-- Safe to repeat: rows that are the same are not touched.
DROP TABLE IF EXISTS bieu_moi, bieu_doi;

CREATE TEMP TABLE bieu_moi (LIKE mart.bieu_06a) ON COMMIT DROP;

INSERT INTO bieu_moi
SELECT * FROM core.tinh_bieu_06a(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[]), NULL, FALSE, FALSE);

CREATE TEMP TABLE bieu_doi ON COMMIT DROP AS
SELECT
    coalesce(moi.ky_loai, cu.ky_loai) AS ky_loai,
    coalesce(moi.ky, cu.ky) AS ky,
    coalesce(moi.ma_don_vi, cu.ma_don_vi) AS ma_don_vi,
    coalesce(moi.ma_linh_vuc, cu.ma_linh_vuc) AS ma_linh_vuc,
    cu.ky IS NOT NULL AS co_cu
FROM bieu_moi AS moi
FULL OUTER JOIN (
    SELECT b.*
    FROM mart.bieu_06a AS b
    INNER JOIN
        unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
        ON b.ky_loai = chon.ky_loai AND b.ky = chon.ky
) AS cu
    ON
        moi.ky_loai = cu.ky_loai
        AND moi.ky = cu.ky
        AND moi.ma_don_vi = cu.ma_don_vi
        AND moi.ma_linh_vuc = cu.ma_linh_vuc
WHERE moi IS DISTINCT FROM cu;

DELETE FROM mart.bieu_06a AS b
USING bieu_doi AS doi
WHERE
    doi.co_cu
    AND b.ky_loai = doi.ky_loai
    AND b.ky = doi.ky
    AND b.ma_don_vi = doi.ma_don_vi
    AND b.ma_linh_vuc = doi.ma_linh_vuc;

INSERT INTO mart.bieu_06a
SELECT moi.*
FROM bieu_moi AS moi
INNER JOIN bieu_doi AS doi
    ON
        moi.ky_loai = doi.ky_loai
        AND moi.ky = doi.ky
        AND moi.ma_don_vi = doi.ma_don_vi
        AND moi.ma_linh_vuc = doi.ma_linh_vuc;
