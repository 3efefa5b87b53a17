-- One row is one line of the batch; this dataset refers to nothing else.
-- A view over the batch (`batch_rows`): reads only.
SELECT batch_rows.*
FROM batch_rows
