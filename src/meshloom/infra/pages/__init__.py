"""What pages are made of, whoever serves them: the look, the SQL editor, and the cluster page, which knows an engine
only by Pinot's REST interface.

Static files alone, for browsers as they are: nothing is built, nothing comes from another site.
"""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
