"""Where a command works: the mesh's folder and its home."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshloom.errors import CallError


@dataclass(frozen=True, slots=True)
class Place:
    """`mesh` and `home` are absolute; `sample` reads the small sample of each packaged source in its place."""

    mesh: Path
    home: Path
    sample: bool = False

    @classmethod
    def of(cls, mesh: Path, home: Path | None = None, sample: bool = False) -> Place:
        """The folder given, or the nearest one above it that holds a `mesh.yaml`."""
        start = mesh.expanduser().absolute()
        folder = next((f for f in (start, *start.parents) if (f / "mesh.yaml").is_file()), start)
        return cls(folder, (home.expanduser().absolute() if home else folder / ".meshloom"), sample)

    @property
    def exists(self) -> bool:
        return (self.mesh / "mesh.yaml").is_file()

    def require(self) -> Place:
        """This place, when there is a mesh. Raises CallError."""
        if not self.exists:
            raise CallError(
                f"There is no mesh in {self.mesh}",
                why="Neither it nor a folder above it holds a mesh.yaml",
                remedy="Go to the mesh's folder, give --mesh DIR, or make one with `meshloom init mesh DIR`",
                code="no-mesh",
            )
        return self
