"""The manifests of `deploy/kubernetes` as objects, and what each container of them is."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("managed", "in-cluster")

Manifest = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container, and the pod that it is in."""

    name: str
    spec: Manifest
    pod: Manifest

    @property
    def command(self) -> list[str]:
        """Return what it runs."""
        return [*self.spec.get("command", ()), *self.spec.get("args", ())]


def read(file: Path) -> list[Manifest]:
    return [document for document in yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader) if document]


def written() -> dict[str, Manifest]:
    """Return every manifest as it is written, by `Kind/name`: what kustomize would patch is not patched."""
    found = {}
    for kustomization in sorted(KUBERNETES.rglob("kustomization.yaml")):
        for name in read(kustomization)[0]["resources"]:
            file = kustomization.parent / name
            if file.is_file():
                found.update(named(read(file)))
    return found


def rendered(overlay: str) -> dict[str, Manifest]:
    """Return what kubectl would apply."""
    done = subprocess.run(
        ["kubectl", "kustomize", KUBERNETES / "overlays" / overlay], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return named([document for document in yaml.safe_load_all(done.stdout) if document])


def secrets(*arguments: str, **environ: str) -> dict[str, Manifest]:
    """Return what `secrets.sh` prints."""
    done = subprocess.run(
        ["sh", KUBERNETES / "secrets.sh", *arguments], env=environ, capture_output=True, text=True, check=True
    )
    return named(list(yaml.safe_load_all(done.stdout)))


def named(documents: list[Manifest]) -> dict[str, Manifest]:
    found = {f"{document['kind']}/{document['metadata']['name']}": document for document in documents}
    assert len(found) == len(documents), "two have one name"
    return found


def pods(manifests: dict[str, Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Yield name and template of everything that runs."""
    for name, manifest in manifests.items():
        if manifest["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield name, manifest["spec"]["template"]


def containers(manifests: dict[str, Manifest]) -> Iterator[Container]:
    for _, template in pods(manifests):
        pod = template["spec"]
        for spec in [*pod.get("initContainers", ()), *pod["containers"]]:
            yield Container(name=spec["name"], spec=spec, pod=pod)


def matches(selector: Manifest, labels: dict[str, str]) -> bool:
    """Tell whether a selector takes a pod with these labels."""
    wanted = selector.get("matchLabels", {}).items()
    expressions = selector.get("matchExpressions", ())
    assert all(expression["operator"] == "In" for expression in expressions)
    return wanted <= labels.items() and all(labels.get(it["key"]) in it["values"] for it in expressions)
