"""Run in an environment with Airflow: what its Pinot hooks do, with files of the folder given. Prints JSON."""

import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

from airflow.providers.apache.pinot.hooks.pinot import PinotAdminHook, PinotDbApiHook  # noqa: E402

folder = Path(sys.argv[1])
admin = PinotAdminHook(pinot_admin_system_exit=True)
admin.add_schema(str(folder / "schema.json"))
admin.add_table(str(folder / "table.json"))
admin.create_segment(
    data_dir=str(folder / "data"), segment_format="CSV", out_dir=str(folder / "out"), table_name="planes",
    segment_name="planes", schema_file=str(folder / "schema.json"),
)  # fmt: skip
admin.upload_segment(str(folder / "out"), "planes")

refused = ""
try:
    admin.add_table(str(folder / "table.json"))
except Exception as error:
    refused = str(error)

broker = PinotDbApiHook()
told = {
    "records": broker.get_records("SELECT id, tail FROM planes ORDER BY id LIMIT 20"),
    "first": broker.get_first("SELECT count(*), max(id) FROM planes"),
    "frame": broker.get_df("SELECT tail FROM planes WHERE id = 2").to_dict("records"),
    "uri": broker.get_uri(),
    "refused": refused,
}
Path(sys.argv[2]).write_text(json.dumps(told, default=str))
