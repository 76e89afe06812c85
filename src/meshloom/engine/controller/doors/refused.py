"""What Pinot's controller has and this engine has not: by family, each with the sentence that it answers (501)."""

from __future__ import annotations

from meshloom.engine.http.operations import Operation, refused

STREAMS = "Pinot's servers tell their controller so how far they consumed; the roles here are one process"
WORKLOADS = "This engine has no workload budgets: table, database and application quotas limit queries"
SERIES = "This engine has no time series languages"
USERS = "This engine keeps no users: run it behind a mesh, whose policies say who may read what"
ONE_SERVER = "There is one server: it has every partition, and no assignment is kept"
GROOVY = "The Groovy of this engine is a fixed safe part of the language: there is nothing to analyse or to allow"
INSTANCES = "The instances of this engine are the roles of its one process: none can be added"
MINION = "Segments are made by this process itself: no minion re-ingests them"

REFUSED: tuple[Operation, ...] = tuple(
    refused(method, path, summary, tag, why)
    for tag, why, operations in (
        ("Segment", STREAMS, (
            ("GET", "/segmentConsumed", "A server read to the end of a segment"),
            ("GET", "/segmentStoppedConsuming", "A server stopped consuming"),
            ("GET", "/segmentCommitStart", "A server begins to commit"),
            ("GET", "/segmentBuildDeterministicFailure", "A segment cannot be built"),
            ("GET", "/extendBuildTime", "A server needs more time"),
            ("POST", "/segmentUpload", "A server uploads a segment"),
            ("POST", "/segmentCommitEndWithMetadata", "A server has committed"),
            ("POST", "/segments/{name}/uploadFromServerToDeepstore", "Upload what servers consumed"),
        )),
        ("Segment", MINION, (("POST", "/segments/reingested", "Upload a re-ingested segment"),)),
        ("Cluster", GROOVY, (
            ("GET", "/cluster/configs/groovy/staticAnalyzerConfig", "What Groovy may use"),
            ("POST", "/cluster/configs/groovy/staticAnalyzerConfig", "Change what Groovy may use"),
            ("GET", "/cluster/configs/groovy/staticAnalyzerConfig/default", "What Groovy may use at first"),
        )),
        ("Cluster", INSTANCES, (("POST", "/instances", "Add an instance"),)),
        ("Cluster", USERS, (
            ("POST", "/users", "Add a user"),
            ("PUT", "/users/{user}", "Change a user"),
        )),
        ("Cluster", WORKLOADS, (
            ("POST", "/queryWorkloadConfigs", "Keep a workload's budget"),
            ("DELETE", "/queryWorkloadConfigs/{workload}", "Delete a workload's budget"),
            ("POST", "/queryWorkloadConfigs/{workload}/refresh", "Tell the instances a workload's budget"),
        )),
        ("Cluster", ONE_SERVER, (
            ("PUT", "/tenants/{name}/instancePartitions", "Say which instance has which part"),
            ("PUT", "/tables/{name}/instancePartitions", "Say which instance has which part"),
        )),
        ("Table", "Tables come here by their configs and files: this engine does not read another cluster's", (
            ("POST", "/tables/{name}/copy", "Copy a realtime table of another cluster"),
        )),
        ("Table", "This engine has no rules that recommend a config", (
            ("PUT", "/tables/recommender", "Recommend a config for a schema and queries"),
        )),
        ("Table", "An upsert table keeps current and superseded rows apart: it has no document bitmaps to count", (
            ("GET", "/tables/{name}/validDocIdsMetadata", "Valid documents of an upsert table"),
        )),
        ("Table", "The keys of an upsert table lie in the table's file, not in a heap", (
            ("POST", "/upsert/estimateHeapUsage", "Estimate the heap that upsert keys need"),
        )),
        ("Query", SERIES, (
            ("POST", "/query/timeseries", "Ask in a time series language"),
            ("GET", "/timeseries/api/v1/query_range", "Ask in a time series language"),
        )),
    )
    for method, path, summary in operations
)  # fmt: skip
