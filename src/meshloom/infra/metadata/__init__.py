"""What a platform remembers of itself: documents, journals and who may write."""

from meshloom.infra.metadata.lock import exclusive
from meshloom.infra.metadata.store import Store

__all__ = ["Store", "exclusive"]
