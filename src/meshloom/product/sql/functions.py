"""The functions that owners' SQL may call: those that compute from their arguments and nothing else.

Names are DuckDB's (https://duckdb.org/docs/stable/sql/functions/overview) and, where sqlglot knows a function under
another name of its own, that one. Missing on purpose: everything that reads files, the environment, settings or the
catalogue, and everything whose answer differs from run to run, because the same input must give the same rows (D3).
"""

from __future__ import annotations

GROUPS: dict[str, str] = {
    "logic": "and or xor not if iff case ifnull coalesce nullif exists cast try_cast trycast typeof",
    "aggregate": """
        count count_if countif count_star sum avg mean min max any_value first last arg_max arg_min max_by
        min_by argmax argmin bit_and bit_or bit_xor bool_and bool_or every logical_and logical_or product
        mode median quantile quantile_cont quantile_disc percentile_cont percentile_disc stddev stddev_pop
        stddev_samp variance var_pop var_samp variance_pop covar_pop covar_samp corr regr_slope
        regr_intercept regr_r2 regr_count skewness kurtosis entropy mad approx_count_distinct
        approx_distinct approx_quantile list array_agg string_agg group_concat listagg histogram fsum
        sumkahan favg geomean geometric_mean filter grouping grouping_id
    """,
    "window": "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value",
    "number": """
        abs ceil ceiling floor round trunc truncate sign sqrt cbrt exp ln log log2 log10 pow power mod div
        divide safe_divide pi greatest least sin cos tan asin acos atan atan2 cot sinh cosh tanh degrees
        radians factorial gcd lcm isnan isinf isfinite is_nan is_inf even bit_count int_div intdiv sqrt hash
        md5 sha256 sha2 md5_number md5digest sha1 sha crc32 width_bucket
    """,
    "text": """
        concat concat_ws dpipe safe_dpipe lower upper lcase ucase length len char_length strlen trim ltrim
        rtrim lpad rpad pad replace reverse left right substr substring split split_part string_split
        str_split string_to_array split_to_array contains starts_with startswith ends_with endswith prefix
        suffix position strpos str_position instr regexp_matches regexp_full_match regexp_like regexp_i_like
        regexp_replace regexp_extract regexp_extract_all regexp_split regexp_split_to_array like ilike
        repeat format printf chr ascii ord unicode translate initcap levenshtein damerau_levenshtein hamming
        jaccard jaro_similarity jaro_winkler_similarity editdist3 strip_accents nfc_normalize encode decode
        hex unhex to_hex from_hex to_base64 from_base64 base64 bin format_bytes to_char to_string url_encode
        url_decode
    """,
    "time": """
        date_trunc datetrunc timestamp_trunc date_part datepart extract year month day hour minute second
        quarter week weekofyear yearweek isoyear dayofweek day_of_week isodow dayofyear day_of_year
        dayofmonth day_of_month dayname monthname week_of_year day_of_week_iso dayofweek_iso date_diff
        datediff date_sub datesub date_add dateadd time_diff timestamp_diff datetime_diff date_from_parts
        datefromparts make_date make_time make_timestamp timestamp_from_parts last_day epoch epoch_ms
        epoch_us epoch_ns to_timestamp unix_to_time time_to_unix strftime strptime try_strptime time_to_str
        str_to_time age time_bucket date_bin to_days to_hours to_minutes to_seconds to_weeks to_months
        to_years to_milliseconds to_microseconds julian century decade millennium era date timestamp
        datetime time ts_or_ds_to_date ts_or_ds_add to_date timestamp_add timestamp_sub interval
        make_interval ts_or_ds_diff ts_or_ds_to_timestamp datestrtodate date_str_to_date cast_to_str_type
        day_name at_time_zone
    """,
    "nested": """
        array list_value list_contains list_has array_contains list_position array_position list_sort
        array_sort sort_array list_reverse_sort list_distinct array_distinct list_unique array_size
        list_aggregate list_filter array_filter list_transform array_transform apply transform list_reduce
        reduce array_reduce list_sum list_avg list_min list_max list_count list_first list_last list_concat
        array_concat array_cat list_append array_append list_prepend array_prepend list_slice array_slice
        list_extract list_element array_extract flatten unnest explode list_has_any list_has_all
        array_contains_all array_overlaps array_intersect list_intersect list_zip arrays_zip array_to_string
        list_any_value array_reverse list_reverse cardinality struct struct_pack struct_extract row map
        map_from_entries map_keys map_values map_extract map_contains element_at json_extract
        json_extract_string json_extract_scalar json_value json_array_length json_type json_keys json_valid
        json_contains json_object json_array to_json parse_json json_structure json_group_array
        json_group_object range generate_series generate_subscripts to_map map_entries
    """,
}
ALLOWED: frozenset[str] = frozenset(name for names in GROUPS.values() for name in names.split())

_FILES = "it reads files; only declared input ports can be read (C2)"
_SYSTEM = "it looks into the machine or the database"
_AGAIN = "its answer differs from run to run, and the same input must give the same rows"
_REASONS = {
    **dict.fromkeys(("read_text", "read_blob", "glob", "sniff_csv", "query", "query_table", "parquet_scan"), _FILES),
    **dict.fromkeys(("random", "rand", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7"), _AGAIN),
    **dict.fromkeys(("now", "today", "current_timestamp", "current_date", "get_current_timestamp"), _AGAIN),
    **dict.fromkeys(("nextval", "currval", "txid_current"), _AGAIN),
}
_PREFIXES = {
    "read_": _FILES, "parquet_": _FILES, "iceberg_": _FILES, "delta_": _FILES, "sqlite_": _FILES, "postgres_": _FILES,
    "scan_": _FILES, "seq_scan": _FILES, "arrow_scan": _FILES, "pandas_scan": _FILES, "duckdb_": _SYSTEM,
    "pragma_": _SYSTEM, "current_": _SYSTEM, "getenv": _SYSTEM, "pg_": _SYSTEM, "getvariable": _SYSTEM,
    "st_read": _FILES,
}  # fmt: skip


def reason_to_refuse(name: str) -> str:
    """Why a function that is not allowed is not; "" when it is simply unknown."""
    if name in _REASONS:
        return _REASONS[name]
    return next((why for prefix, why in _PREFIXES.items() if name.startswith(prefix)), "")
