"""Commands of Pinot's that this engine does not have, each with the reason and what does it here."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from meshloom.cli.pinot.controller import Failed

NO_STREAM = "this engine's tables do not consume streams yet; ingest files with ImportData"
ONE_PROCESS = "one process on one machine holds every segment; there is nothing to move"
IN_ORDER = "one process holds every segment, and serves what it lists: GET /tables/{tableName}/segmentsStatus tells it"
REFUSED = {
    "StartZookeeper": "this engine needs no ZooKeeper: `meshloom engine up` starts all roles in one process",
    "StartKafka": "this package brings no Kafka; start one of your own",
    "StopProcess": "end the process of `meshloom engine up` with Ctrl-C, or its process id",
    "DeleteCluster": "a cluster is the folder of `meshloom engine up --home`: end the engine and remove the folder",
    "StreamAvroIntoKafka": NO_STREAM,
    "StreamGitHubEvents": NO_STREAM,
    "GitHubEventsQuickStart": NO_STREAM,
    "RealtimeProvisioningHelper": NO_STREAM,
    "MoveReplicaGroup": ONE_PROCESS,
    "ChangeNumReplicas": f"{ONE_PROCESS}, and no replica to make",
    "VerifyClusterState": IN_ORDER,
    "VerifySegmentState": IN_ORDER,
    "CheckOfflineSegmentIntervals": "it reads ZooKeeper, and there is none: GET /segments/{tableName}/zkmetadata has "
                                    "each segment's times",
    "LaunchBackfillIngestionJob": "segments are replaced with /segments/{tableName}/startReplaceSegments and "
                                  "endReplaceSegments, or by LaunchDataIngestionJob with the names they had",
    "GenerateData": "this engine makes no data up; QuickStart has tables with rows",
    "AnonymizeData": "this engine does not make copies of data unreadable",
    "DataImportDryRun": "nothing is tried without a table: ingest into one of another name, and look at its rows",
    "ConvertPinotSegment": "segments are read by queries, or downloaded in Pinot's form: GET "
                           "/segments/{tableName}/{segmentName}",
    "SegmentProcessorFramework": "segments are made by CreateSegment, one a file; merging them is not done here",
    "FileSystem": "use your system's commands for files; file systems of plug-ins are not read",
}  # fmt: skip


def refuse(options: Namespace) -> Iterator[str]:
    """Raises Failed with the sentence."""
    raise Failed(f"{options.command} is not there: {REFUSED[options.command]}.")
    yield  # a command is a generator
