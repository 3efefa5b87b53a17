"""Loads an export of dossiers with dlt, for `make bench PEERS=1`: load_with_dlt.py export.csv columns folder

Runs in .venv-peers, which has dlt and nothing of this project. `columns`: name → type of a contract, as JSON;
`folder`: where dlt keeps its files. The database is named in DESTINATION__POSTGRES__CREDENTIALS.
Prints seconds and counts as one line of JSON.

Settings are the fastest that dlt documents for PostgreSQL (docs/speed.md): Arrow in, Parquet between, binary
COPY through ADBC; of its strategies of merging the one that keeps one row of a key that is there twice.
"""

import json
import sys
import time
from collections.abc import Iterator

started = time.perf_counter()
import dlt  # noqa: E402 - the pipeline's imports are measured too
import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
from dlt.common.runtime import anon_tracker  # noqa: E402
from pyarrow import csv  # noqa: E402

imported = time.perf_counter()

KEY, NEWEST = "ma_ho_so", "ngay_cap_nhat"
TYPES = {"text": pa.string(), "int": pa.int64(), "number": pa.float64(), "timestamp": pa.timestamp("s")}
BLOCK_BYTES = 16 << 20
FILE_ROWS = 100_000  # several files are copied at a time


def batches(path: str, columns: dict[str, str]) -> Iterator[pa.RecordBatch]:
    """The lines of an export, typed. A time that is none becomes NULL: nothing is judged here."""
    # A key that may be NULL is not one for dlt; here it is an empty text at worst.
    schema = pa.schema([pa.field(name, TYPES[kind], nullable=name != KEY) for name, kind in columns.items()])
    written = {f.name: pa.string() if pa.types.is_timestamp(f.type) else f.type for f in schema}
    options = csv.ConvertOptions(column_types=written, include_columns=schema.names)
    for batch in csv.open_csv(path, csv.ReadOptions(block_size=BLOCK_BYTES), convert_options=options):
        arrays = [
            pc.strptime(array, format="%Y%m%d%H%M%S", unit="s", error_is_null=True)
            if pa.types.is_timestamp(field.type)
            else array
            for array, field in zip(batch.columns, schema, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def keys_of(path: str) -> int:
    """How many different dossiers an export names."""
    options = csv.ConvertOptions(column_types={KEY: pa.string()}, include_columns=[KEY])
    return pc.count_distinct(csv.read_csv(path, convert_options=options)[KEY]).as_py()


def main(path: str, columns: dict[str, str], folder: str) -> None:
    # It writes an anonymous number into the home directory even if it is told to send nothing.
    anon_tracker.get_anonymous_id = lambda: ""
    dlt.config["data_writer.file_max_items"] = FILE_ROWS
    # Local times, as exports write them.
    hints = {name: {"timezone": False} for name, kind in columns.items() if kind == "timestamp"}
    hints[NEWEST]["dedup_sort"] = "desc"
    dossiers = dlt.resource(
        batches(path, columns),
        name="ho_so",
        primary_key=KEY,
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
        columns=hints,
    )
    pipeline = dlt.pipeline("bench", destination="postgres", dataset_name="dlt", pipelines_dir=folder)
    pipeline.run(dossiers, loader_file_format="parquet")
    seconds = time.perf_counter() - started
    steps = {
        step.step: (step.finished_at - step.started_at).total_seconds() for step in pipeline.last_trace.steps
    }
    with pipeline.sql_client() as client:
        [(rows,)] = client.execute_sql("SELECT count(*) FROM ho_so")
    print(
        json.dumps(
            {
                "seconds": seconds,
                "stages": {"import": imported - started}
                | {name: steps[name] for name in ("extract", "normalize", "load")},
                "version": dlt.__version__,
                "rows": rows,
                "keys": keys_of(path),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3])
