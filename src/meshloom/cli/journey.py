"""`meshloom` without a command: the journey of a product, where this mesh stands, and the next step."""

from __future__ import annotations

from dataclasses import dataclass

from meshloom.cli.place import Place
from meshloom.cli.running import Running

STEPS = (
    ("begin", "meshloom init mesh DIR", "a folder with one domain and one product that works as it is"),
    ("declare", "meshloom init product NAME --domain D", "a manifest, a contract, the code and a test"),
    ("check", "meshloom validate", "every mistake at once, with file, line and what to do"),
    ("plan", "meshloom plan", "what applying would change"),
    ("build", "meshloom apply", "build, check against the contract, publish, serve"),
    ("run", "meshloom up", "the portal, the APIs and the SQL doors"),
    ("ask", 'meshloom query "SQL" --as USER --purpose P', "the answer, and what the policies did to it"),
    (
        "observe",
        "meshloom audit, quarantine, describe",
        "who read what, what was held back, what was promised and kept",
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The step to take next, by its name in `STEPS`, and why."""

    step: str
    why: str


def standing(place: Place) -> Standing:
    """Where the mesh of this place stands, from its files alone."""
    if not place.exists:
        return Standing("begin", f"there is no mesh in {place.mesh} yet")
    if not any(place.mesh.glob("domains/*/*/product.odps.yaml")):
        return Standing("declare", "the mesh has no product yet")
    if not (place.home / "meta.sqlite").exists():
        return Standing("build", "nothing of this mesh has been built yet")
    if Running.find(place.home) is None:
        return Standing("run", "the mesh is built and the platform is not running")
    return Standing("ask", "the platform is up")


def show(place: Place) -> None:
    """Print the journey with a mark at the next step."""
    here = standing(place)
    print("Meshloom, a self-serve data mesh.\n" + (f"Mesh: {place.mesh}\n" if place.exists else ""))
    for name, command, what in STEPS:
        print(f"{'->' if name == here.step else '  '} {command:<45} {what}")
    print(f"\nNext: {next(command for name, command, _ in STEPS if name == here.step)}   ({here.why})")
    print("Every command: meshloom --help")
