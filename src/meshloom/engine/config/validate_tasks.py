"""What Pinot refuses in a table's minion tasks (TableConfigUtils.validateTaskConfig, TaskConfigUtils)."""

from __future__ import annotations

from collections.abc import Callable

from meshloom.engine.config.cron import is_cron
from meshloom.engine.config.java import whole
from meshloom.engine.config.refusals import refuse, require
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.validate_task_settings import check_settings

TASKS = ("RealtimeToOfflineSegmentsTask", "SegmentGenerationAndPushTask", "MergeRollupTask", "PurgeTask",
         "RefreshSegmentTask", "UpsertCompactionTask", "UpsertCompactMergeTask")  # fmt: skip


def check_one_compaction(config: TableConfig) -> None:
    """Both compactions of an upsert table stand together when the merge takes two segments or more."""
    tasks, merge, compaction = config.tasks, "UpsertCompactMergeTask", "UpsertCompactionTask"
    if tasks.get(merge) is None or compaction not in tasks:
        return
    text = tasks[merge].get("minNumSegmentsPerTask", "2")
    try:
        enough = whole(text, 64) > 1
    except ValueError as error:
        raise refuse(f'For input string: "{text}"') from error
    require(enough, f"When {merge}.minNumSegmentsPerTask is set to 1, {compaction} should not be configured to avoid "
            f"indeterministic behavior. Please remove {compaction} configuration or set minNumSegmentsPerTask to a "
            "value greater than 1.")  # fmt: skip


def check_minions(config: TableConfig, tagged: Callable[[str], int]) -> None:
    """A task with a schedule needs a minion of its tag; `tagged` counts the instances that have one."""
    for settings in config.tasks.values():
        tag = settings.get("minionInstanceTag", "minion_untagged")
        if "schedule" in settings and not tagged(str(tag)):
            raise refuse(f"Failed to find minion instances with tag: {tag} for table: {config.name}. If the task is "
                         "not required to run, remove the schedule parameter from the task config")  # fmt: skip


def check_tasks(config: TableConfig, schema: Schema) -> None:
    """Raises RestError 400 with the first thing that is wrong."""
    for task, settings in config.tasks.items():
        if task not in TASKS:
            raise refuse(f"Task generator not found for task type: {task}, while validating table configs for table: "
                         f"{config.name}")  # fmt: skip
        if settings is None:
            raise refuse(f"Task configuration for {task} cannot be null.")
        cron = settings.get("schedule")
        valid = "schedule" not in settings or (cron is not None and is_cron(cron))
        require(valid, f"Task {task} contains an invalid cron schedule: {'null' if cron is None else cron}")
        downloads = str(settings.get("allowDownloadFromServer")).lower() == "true"
        if downloads and config.segments.get("peerSegmentDownloadScheme") is None:
            raise refuse(f"Table {config.name} has task {task} with allowDownloadFromServer set to true, but "
                         "peerSegmentDownloadScheme is not set in the table config")  # fmt: skip
        check_settings(task, settings, config, schema)
