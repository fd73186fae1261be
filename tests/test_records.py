"""What is recorded is what runs made: every row's key is that of its own parameters."""

import json
from pathlib import Path

from lottery import store

RECORDS = sorted((Path(__file__).parent.parent / "book" / "records").glob("*/*.parquet"))


def test_every_recorded_key_is_that_of_the_recorded_parameters():
    assert RECORDS
    for path in RECORDS:
        table = store.recorded(path)
        assert len(table) > 0, path
        for row in table.itertuples():
            description = json.loads(row.parameters)
            assert store.key_of(description) == row.key, (path, row.key)
            assert description["experiment"] == row.experiment
