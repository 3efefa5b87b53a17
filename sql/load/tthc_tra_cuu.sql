-- One row is one line of the batch; this dataset refers to nothing else.
-- A view over the batch (`lo`): reads only.
SELECT lo.*
FROM lo
