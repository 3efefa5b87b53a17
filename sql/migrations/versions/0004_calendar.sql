-- The working calendar of core and the arithmetic of deadlines over it.
-- Run once by Alembic inside a transaction.

-- Calendar -------------------------------------------------------------------------------------

CREATE TABLE core.lich (
    ngay date PRIMARY KEY,
    la_ngay_lam_viec boolean NOT NULL,
    loai text NOT NULL
    CHECK (loai IN ('thuong', 'cuoi_tuan', 'nghi_le', 'nghi_bu', 'hoan_doi', 'lam_bu')),
    ghi_chu text,
    nguon text,
    da_kiem_chung boolean NOT NULL,
    so_ngay_lam_viec_truoc int NOT NULL CHECK (so_ngay_lam_viec_truoc >= 0),
    CONSTRAINT loai_quyet_dinh_ngay_lam_viec CHECK (la_ngay_lam_viec = (loai IN ('thuong', 'lam_bu')))
);
CREATE UNIQUE INDEX lich_ngay_lam_viec_thu ON core.lich (so_ngay_lam_viec_truoc) WHERE la_ngay_lam_viec;
COMMENT ON TABLE core.lich IS
'Một dòng = một ngày, từ đầu năm đầu tiên đến hết năm cuối cùng đã khai ở sql/reference/lich_nam.csv.';
COMMENT ON COLUMN core.lich.loai IS
'thuong, cuoi_tuan: theo thứ trong tuần; nghi_le, nghi_bu, hoan_doi (nghỉ), lam_bu: theo lich_lam_viec.csv.';
COMMENT ON COLUMN core.lich.nguon IS 'Căn cứ của ngày khác lịch thường.';
COMMENT ON COLUMN core.lich.da_kiem_chung IS 'FALSE: ngày khác lịch thường mà chưa có nguồn tin cậy.';
COMMENT ON COLUMN core.lich.so_ngay_lam_viec_truoc IS
'Số ngày làm việc trước ngày này kể từ ngày đầu của lịch; hiệu của hai ngày là số ngày làm việc ở giữa.';

CREATE TABLE core.buoi_lam_viec (
    tu timestamp PRIMARY KEY,
    den timestamp NOT NULL UNIQUE CHECK (den > tu),
    giay_truoc numeric NOT NULL UNIQUE CHECK (giay_truoc >= 0)
);
COMMENT ON TABLE core.buoi_lam_viec IS
'Một dòng = một buổi của một ngày làm việc trong core.lich, giờ theo sql/reference/gio_lam_viec.csv.';
COMMENT ON COLUMN core.buoi_lam_viec.giay_truoc IS 'Số giây làm việc từ đầu lịch đến khi buổi này bắt đầu.';

-- Arithmetic -----------------------------------------------------------------------------------
-- BI reads views that call these functions, and a function in a view runs with the rights of whoever
-- asks: therefore SECURITY DEFINER on those that views call. The helpers before them run inside.

CREATE FUNCTION core.giay_mot_ngay() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 8 * 3600;
COMMENT ON FUNCTION core.giay_mot_ngay() IS
'1 ngày làm việc = 8 giờ; sync_calendar từ chối giờ làm việc cộng lại khác 8 giờ.';

CREATE FUNCTION core.thieu_lich(ngay date) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RAISE EXCEPTION 'The working calendar has no day %: it holds %. Write the days off and make-up days of '
        'that year into sql/reference/lich_lam_viec.csv, the year into sql/reference/lich_nam.csv, and run the '
        'task sync_calendar of DAG catch_up_chi_so.',
        thieu_lich.ngay, (SELECT coalesce(min(l.ngay) || ' to ' || max(l.ngay), 'no day') FROM core.lich AS l);
END
$$;
COMMENT ON FUNCTION core.thieu_lich(date) IS 'Báo lỗi: lịch làm việc không có ngày này, phải khai năm nào, ở tệp nào.';

CREATE FUNCTION core.giay_lam_viec(luc timestamp) RETURNS numeric
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    giay numeric;
BEGIN
    SELECT coalesce((
        SELECT b.giay_truoc + extract(epoch FROM least(b.den, luc) - b.tu)
        FROM core.buoi_lam_viec AS b WHERE b.tu <= luc ORDER BY b.tu DESC LIMIT 1
    ), 0)
    INTO giay
    FROM core.lich AS l
    WHERE l.ngay = luc::date;
    IF NOT FOUND THEN
        PERFORM core.thieu_lich(luc::date);
    END IF;
    RETURN giay;
END
$$;
COMMENT ON FUNCTION core.giay_lam_viec(timestamp) IS 'Số giây làm việc từ đầu lịch đến một thời điểm.';

CREATE FUNCTION core.vao_gio_lam_viec(luc timestamp) RETURNS timestamp
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    vao timestamp;
BEGIN
    SELECT (
        -- The moment at which a session ends still belongs to it.
        SELECT greatest(b.tu, luc)
        FROM core.buoi_lam_viec AS b WHERE b.den >= luc ORDER BY b.den LIMIT 1
    )
    INTO vao
    FROM core.lich AS l
    WHERE l.ngay = luc::date;
    IF vao IS NULL THEN
        PERFORM core.thieu_lich(greatest(luc::date, (SELECT max(l.ngay) + 1 FROM core.lich AS l)));
    END IF;
    RETURN vao;
END
$$;
COMMENT ON FUNCTION core.vao_gio_lam_viec(timestamp) IS
'Thời điểm bắt đầu tính hạn: chính nó khi trong giờ làm việc, nếu không thì lúc mở cửa kế tiếp.';

CREATE FUNCTION core.phut_lam_viec(tu timestamp, den timestamp) RETURNS numeric
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    RETURN (core.giay_lam_viec(den) - core.giay_lam_viec(tu)) / 60;
END
$$;
COMMENT ON FUNCTION core.phut_lam_viec(timestamp, timestamp) IS
'Số phút làm việc giữa hai thời điểm, âm khi den trước tu. 1 ngày làm việc = 480 phút.';

CREATE FUNCTION core.so_ngay_lam_viec(sau date, den date) RETURNS int
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    so int;
BEGIN
    SELECT
        cuoi.so_ngay_lam_viec_truoc + cuoi.la_ngay_lam_viec::int
        - dau.so_ngay_lam_viec_truoc - dau.la_ngay_lam_viec::int
    INTO so
    FROM core.lich AS dau, core.lich AS cuoi
    WHERE dau.ngay = sau AND cuoi.ngay = den;
    IF NOT FOUND THEN
        PERFORM core.thieu_lich(CASE WHEN EXISTS (SELECT FROM core.lich WHERE ngay = sau) THEN den ELSE sau END);
    END IF;
    RETURN so;
END
$$;
COMMENT ON FUNCTION core.so_ngay_lam_viec(date, date) IS
'Số ngày làm việc sau ngày đầu, đến hết ngày thứ hai; âm khi ngày thứ hai ở trước.';

CREATE FUNCTION core.cong_ngay_lam_viec(luc timestamp, so_ngay int) RETURNS timestamp
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    dau timestamp := core.vao_gio_lam_viec(luc);
    han date;
BEGIN
    IF so_ngay < 0 THEN
        RAISE EXCEPTION 'Working days to add: %, expected 0 or more', so_ngay;
    END IF;
    SELECT cuoi.ngay
    INTO han
    FROM core.lich AS l
    INNER JOIN core.lich AS cuoi
        ON cuoi.la_ngay_lam_viec AND l.so_ngay_lam_viec_truoc + so_ngay = cuoi.so_ngay_lam_viec_truoc
    WHERE l.ngay = dau::date;
    IF NOT FOUND THEN
        PERFORM core.thieu_lich((SELECT max(l.ngay) + 1 FROM core.lich AS l));
    END IF;
    RETURN han + dau::time;
END
$$;
COMMENT ON FUNCTION core.cong_ngay_lam_viec(timestamp, int) IS
'Hạn theo ngày làm việc: giữ nguyên giờ; nhận ngoài giờ thì tính từ lúc mở cửa kế tiếp.';

CREATE FUNCTION core.cong_gio_lam_viec(luc timestamp, so_gio numeric) RETURNS timestamp
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    them numeric := round(so_gio * 3600, 6);
    dich numeric;
    han timestamp;
    het_buoi timestamp;
BEGIN
    IF them < 0 THEN
        RAISE EXCEPTION 'Working hours to add: %, expected 0 or more', so_gio;
    ELSIF them = 0 THEN
        RETURN core.vao_gio_lam_viec(luc);
    END IF;
    dich := core.giay_lam_viec(luc) + them;
    -- Of the moments between which nobody works, the first: a deadline of eight hours ends when the
    -- office closes, not when it opens again.
    SELECT b.tu + (dich - b.giay_truoc) * interval '1 second', b.den
    INTO han, het_buoi
    FROM core.buoi_lam_viec AS b
    WHERE b.giay_truoc < dich
    ORDER BY b.giay_truoc DESC
    LIMIT 1;
    IF han > het_buoi THEN
        PERFORM core.thieu_lich((SELECT max(l.ngay) + 1 FROM core.lich AS l));
    END IF;
    RETURN han;
END
$$;
COMMENT ON FUNCTION core.cong_gio_lam_viec(timestamp, numeric) IS
'Hạn theo giờ làm việc; hết đúng một buổi thì hạn là lúc buổi đó kết thúc (17:00), không phải lúc mở cửa hôm sau.';
