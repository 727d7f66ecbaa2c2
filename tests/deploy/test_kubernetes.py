"""The manifests: valid by Kubernetes' schemas, of one mind with docker-compose.yml, with no right to spare."""

import base64
import copy
import hashlib
import re
import subprocess
from pathlib import Path
from shutil import which
from types import SimpleNamespace
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

import celeryconfig
from tests.deploy.keda import SCHEMAS
from tests.deploy.manifests import (
    KUBERNETES,
    OVERLAYS,
    ROOT,
    Manifest,
    containers,
    matches,
    pods,
    read,
    rendered,
    secrets,
    written,
)
from tracker import __version__
from tracker.environment.settings import Settings
from tracker.fetch import addresses
from workers.application import app
from workers.flower_login import closed

#: The oldest release that knows all we use (podFailurePolicy is stable since), and the newest with a schema at hand.
VERSIONS = ("1.31", "1.37")
COMPOSE: Manifest = yaml.load((ROOT / "docker-compose.yml").read_text(), yaml.CSafeLoader)
WRITTEN = written()
LASTING = ("beat", "worker", "printer", "deliverer", "flower", "web")

kubectl = pytest.mark.skipif(which("kubectl") is None, reason="kubectl puts the overlays together")


def validate(manifest: Manifest, version: str) -> None:
    """Raise what is wrong with a manifest."""
    if manifest["apiVersion"] == "keda.sh/v1alpha1":
        jsonschema.validate(manifest["spec"], SCHEMAS[manifest["kind"]])
    else:
        kubernetes_validate.validate(manifest, version, strict=True)


def of(name: str) -> Manifest:
    """Return the pod of a deployment."""
    pod: Manifest = WRITTEN[f"Deployment/{name}"]["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(version):
    for manifest in [*WRITTEN.values(), *secrets().values()]:
        validate(manifest, version)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("Deployment/worker", ("spec", "template", "spec", "containers", 0, "resource"), {}),
        ("Deployment/beat", ("spec", "replicas"), "two"),
        ("PodDisruptionBudget/beat", ("spec", "maxUnavailble"), 1),
        ("ScaledObject/worker", ("spec", "minReplicas"), 2),
        ("ScaledObject/worker", ("spec", "triggers", 0, "metadata", "listLength"), 64),
    ],
)
def test_an_error_in_a_manifest_is_seen(name, path, value):
    broken = copy.deepcopy(WRITTEN[name])
    place: Any = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises((jsonschema.ValidationError, kubernetes_validate.utils.ValidationError)):
        validate(broken, VERSIONS[0])


@kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_overlay_is_whole(overlay):
    manifests = rendered(overlay)
    for manifest in manifests.values():
        validate(manifest, VERSIONS[-1])
        assert manifest["kind"] == "Namespace" or manifest["metadata"]["namespace"] == "status-tracker"
    for container in containers(manifests):
        name, _, tag = container.spec["image"].rpartition(":")
        assert name, "an image without a tag is whatever was pushed last"
        assert tag == (__version__ if name.endswith("status-page-tracker") else "8-alpine")
    available = manifests | secrets(*([] if overlay == "in-cluster" else ["rediss://h/0"]), REDIS_PASSWORD="p")
    missing = {name for name in referred(manifests) - available.keys() if name not in ("Secret/pages", "Secret/sinks")}
    assert not missing


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_an_overlay_is_made_of_exists(overlay):
    (kustomization,) = read(KUBERNETES / "overlays" / overlay / "kustomization.yaml")
    folder = KUBERNETES / "overlays" / overlay
    for part in [*kustomization["resources"], *kustomization["components"]]:
        assert (folder / part / "kustomization.yaml").is_file()
    tags = {image["name"]: image["newTag"] for image in kustomization["images"]}
    assert tags["status-page-tracker"] == __version__
    for target in kustomization.get("patches", ()):
        assert f"{target['target']['kind']}/{target['target']['name']}" in WRITTEN


def referred(manifests: dict[str, Manifest]) -> set[str]:
    """Return every ConfigMap, Secret and claim that something names."""
    found = set()
    for _, template in pods(manifests):
        for volume in template["spec"].get("volumes", ()):
            found |= {f"ConfigMap/{volume['configMap']['name']}"} if "configMap" in volume else set()
            found |= {f"Secret/{volume['secret']['secretName']}"} if "secret" in volume else set()
            if "persistentVolumeClaim" in volume:
                found.add(f"PersistentVolumeClaim/{volume['persistentVolumeClaim']['claimName']}")
    for container in containers(manifests):
        for source in container.spec.get("envFrom", ()):
            found |= {f"ConfigMap/{source['configMapRef']['name']}"} if "configMapRef" in source else set()
            found |= {f"Secret/{source['secretRef']['name']}"} if "secretRef" in source else set()
    for manifest in manifests.values():
        if manifest["kind"] == "TriggerAuthentication":
            found |= {f"Secret/{reference['name']}" for reference in manifest["spec"]["secretTargetRef"]}
    return found


def test_what_is_referred_to_is_made_by_somebody():
    generated = {
        f"ConfigMap/{generator['name']}"
        for file in KUBERNETES.rglob("kustomization.yaml")
        for generator in read(file)[0].get("configMapGenerator", ())
    }
    assert referred(WRITTEN) - WRITTEN.keys() - generated - secrets().keys() == {"Secret/pages", "Secret/sinks"}


@pytest.mark.parametrize("arguments", [(), ("rediss://redis.example.com:6380/0",), ("redis://10.0.0.5",)])
def test_secrets_have_every_key_that_is_asked_for(arguments):
    made = secrets(*arguments, REDIS_USERNAME="u", REDIS_PASSWORD="p@ss")
    wanted = {
        (item["name"], item["key"]) for item in WRITTEN["TriggerAuthentication/data-server"]["spec"]["secretTargetRef"]
    }
    for _, template in pods(WRITTEN):
        for volume in template["spec"]["volumes"]:
            wanted |= {(volume["secret"]["secretName"], it["key"]) for it in volume.get("secret", {}).get("items", ())}
    assert {(name, key) for name, key in wanted if key not in made[f"Secret/{name}"]["data"]} == set()


def decoded(secret: Manifest) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def mounted(tmp_path: Path, name: str, made: dict[str, Manifest]) -> dict[str, str]:
    """Return a container's environment, with the files of its Secrets where the volumes would put them."""
    pod = of(name)
    (container,) = pod["containers"]
    folders = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    for volume in pod["volumes"]:
        if "secret" in volume:
            values = decoded(made[f"Secret/{volume['secret']['secretName']}"])
            items = volume["secret"].get("items") or [{"key": key, "path": key} for key in values]
            folder = tmp_path / folders[volume["name"]].lstrip("/")
            folder.mkdir(parents=True)
            for item in items:
                (folder / item["path"]).write_text(values[item["key"]])
    environ = dict(WRITTEN["ConfigMap/settings"]["data"])
    for variable in container["env"]:
        at_root = variable["value"].startswith("/secrets/")
        environ[variable["name"]] = f"{tmp_path}{variable['value']}" if at_root else variable["value"]
    return environ


def test_the_tracker_finds_its_data_server_with_what_is_mounted(tmp_path):
    made = secrets("rediss://redis.example.com:6380/0", REDIS_USERNAME="u", REDIS_PASSWORD="p@ss")
    settings = Settings.from_environment(mounted(tmp_path, "worker", made))
    assert settings.redis_url == "rediss://u:p%40ss@redis.example.com:6380/0?ssl_cert_reqs=required"
    assert decoded(made["Secret/data-server"])["address"] == "redis.example.com:6380"
    assert decoded(made["Secret/data-server"])["tls"] == "enable"


def test_flower_finds_a_user_and_a_password_of_its_own(tmp_path):
    made = secrets()
    environ = mounted(tmp_path, "flower", made)
    password = decoded(made["Secret/flower"])
    redis_url = f"redis://flower:{password['redis-password']}@data-server:6379/0"
    assert Settings.from_environment(environ).redis_url == redis_url
    options = SimpleNamespace(basic_auth=None, auth="", cookie_secret="")
    assert closed(options, environ) == (f"tracker:{password['password']}",)
    assert options.cookie_secret == password["cookie-secret"]


def test_the_data_servers_users_have_the_passwords_that_were_made():
    made = secrets()
    users = decoded(made["Secret/data-server-users"])["users.acl"]
    for user, password in (
        ("tracker", decoded(made["Secret/data-server"])["password"]),
        ("flower", decoded(made["Secret/flower"])["redis-password"]),
    ):
        assert f"user {user} on #{hashlib.sha256(password.encode()).hexdigest()} " in users
    assert "<" not in users


@pytest.mark.parametrize("url", ["redis://u:hunter2@h", "http://h", "redis://hunter2@h:1/0"])
def test_secrets_in_an_address_are_refused_and_not_repeated(url):
    done = subprocess.run(["sh", KUBERNETES / "secrets.sh", url], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "hunter2" not in done.stderr


# of one mind with docker-compose.yml


def compose_command(service: str) -> list[str]:
    """Return what a service of compose runs when nothing is set."""
    return [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word) for word in COMPOSE["services"][service]["command"]]


def command_of(name: str) -> list[str]:
    """Return what a container runs with the settings as they are."""
    settings = WRITTEN["ConfigMap/settings"]["data"]
    (container,) = (container for container in containers(WRITTEN) if container.name == name)
    return [re.sub(r"\$\((\w+)\)", lambda match: settings[match[1]], word) for word in container.command]


@pytest.mark.parametrize("name", LASTING)
def test_what_runs_is_run_and_stopped_and_bounded_as_with_compose(name):
    service, pod = COMPOSE["services"][name], of(name)
    (container,) = pod["containers"]
    assert command_of(name) == compose_command(name)
    assert f"{pod.get('terminationGracePeriodSeconds', 30)}s" == service.get("stop_grace_period", "30s")
    assert container["resources"]["limits"]["memory"] == service["mem_limit"].replace("m", "Mi")


def test_the_catalogue_comes_by_the_command_of_compose():
    script = (ROOT / "deploy/sync.sh").read_text()
    assert compose_command("catalogue") == ["sh", "/deploy/sync.sh"]
    (command,) = re.findall(r"^exec (.*)$", script, re.MULTILINE)
    (file,) = re.findall(r"^file=(.*)$", script, re.MULTILINE)
    assert command.replace(' "$@"', "").replace('"$file"', file) == " ".join(command_of("catalogue"))


@pytest.mark.parametrize("name", [name for name in LASTING if name not in ("flower", "web")])
def test_health_is_the_tick_file_as_with_compose(name):
    (container,) = of(name)["containers"]
    assert COMPOSE["services"][name]["healthcheck"]["test"] == ["CMD", "health"]
    fresh, stuck = re.findall(r'find "\$tick" -mmin [-+](\d+)', (ROOT / "deploy/health.sh").read_text())
    tick = WRITTEN["ConfigMap/settings"]["data"]["TRACKER_TICK_FILE"]
    for probe, minutes in (("startupProbe", fresh), ("readinessProbe", fresh), ("livenessProbe", stuck)):
        assert container[probe]["exec"]["command"] == ["sh", "-c", f'test -n "$(find {tick} -mmin -{minutes})"']


def test_the_page_reads_its_secrets_and_the_record_where_its_settings_say():
    (container,) = of("web")["containers"]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    files = {it["value"] for it in container["env"] if it["name"].endswith("_FILE")}
    assert all(file.rpartition("/")[0] in mounts for file in files)
    assert {volume["name"] for volume in of("web")["volumes"]} == {it["name"] for it in container["volumeMounts"]}


def test_the_data_server_is_set_up_as_with_compose():
    assert (KUBERNETES / "components/data-server/redis.conf").read_bytes() == (
        ROOT / "deploy/redis/redis.conf"
    ).read_bytes()
    (server,) = WRITTEN["StatefulSet/data-server"]["spec"]["template"]["spec"]["containers"]
    assert server["command"] == COMPOSE["services"]["redis"]["entrypoint"]


def test_settings_are_variables_that_somebody_reads():
    source = "".join(file.read_text() for folder in ("tracker", "workers") for file in (ROOT / folder).rglob("*.py"))
    given = set(WRITTEN["ConfigMap/settings"]["data"])
    given |= {
        variable["name"].removesuffix("_FILE") for it in containers(WRITTEN) for variable in it.spec.get("env", ())
    }
    used = {name for it in containers(WRITTEN) for name in re.findall(r"\$\((\w+)\)", " ".join(it.command))}
    assert not {name for name in given - used if f'"{name}"' not in source}


# rights


@pytest.mark.parametrize("container", list(containers(WRITTEN)), ids=lambda container: container.name)
def test_containers_have_no_rights(container):
    pod, own = container.pod["securityContext"], container.spec["securityContext"]
    assert pod["runAsNonRoot"]
    assert pod["runAsUser"] > 0
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert not container.pod["automountServiceAccountToken"]
    assert not container.pod["enableServiceLinks"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & container.pod.keys()
    assert {"cpu", "memory"} == container.spec["resources"]["requests"].keys()
    assert {"cpu", "memory"} == container.spec["resources"]["limits"].keys()


def test_our_containers_are_the_user_of_the_image():
    (user,) = re.findall(r"^USER (\d+):\d+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    users = {it.pod["securityContext"]["runAsUser"] for it in containers(WRITTEN) if it.name != "redis"}
    assert users == {int(user)}


def test_only_what_has_to_be_written_can_be():
    written = {"printer": {"tmp", "data"}, "web": {"tmp", "data"}, "redis": {"data"}}
    for container in containers(WRITTEN):
        kinds = {volume["name"]: volume.keys() - {"name"} for volume in container.pod["volumes"]}
        writable = {mount["name"] for mount in container.spec["volumeMounts"] if not mount.get("readOnly")}
        assert writable == written.get(container.name, {"tmp"})
        assert kinds.get("tmp", {"emptyDir"}) == {"emptyDir"}


def test_no_secret_is_in_an_environment():
    for container in containers(WRITTEN):
        names = [variable["name"] for variable in container.spec.get("env", ())]
        assert all(name.endswith("_FILE") for name in names)
    # Those of sinks and pages alone are, as with compose: providers.toml names them so.
    froms = [
        (it.name, source)
        for it in containers(WRITTEN)
        for source in it.spec.get("envFrom", ())
        if "secretRef" in source
    ]
    assert sorted((name, source["secretRef"]) for name, source in froms) == [
        ("deliverer", {"name": "sinks", "optional": True}),
        ("worker", {"name": "pages", "optional": True}),
    ]


# who may talk to whom


def policies(labels: dict[str, str], direction: str) -> list[Manifest]:
    """Return the policies that select a pod, in one direction."""
    return [
        it["spec"]
        for it in WRITTEN.values()
        if it["kind"] == "NetworkPolicy"
        and direction in it["spec"]["policyTypes"]
        and matches(it["spec"]["podSelector"], labels)
    ]


def test_nothing_is_allowed_that_is_not_named():
    for name, template in pods(WRITTEN):
        labels = template["metadata"]["labels"]
        incoming = [rule for it in policies(labels, "Ingress") for rule in it.get("ingress", ())]
        outgoing = [rule for it in policies(labels, "Egress") for rule in it.get("egress", ())]
        ports = {port["port"] for rule in outgoing for port in rule["ports"]}
        short = name.rpartition("/")[2]
        asks_pages = short in ("worker", "deliverer")
        assert ports == (set() if short == "data-server" else {53, 6379} | ({80, 443} if asks_pages else set())), name
        assert bool(incoming) == (short == "data-server"), name
        assert all(rule.get("to") for rule in outgoing), name


def test_pages_are_asked_at_the_addresses_that_the_fetcher_allows():
    (rule,) = WRITTEN["NetworkPolicy/pages"]["spec"]["egress"]
    v4, v6 = (target["ipBlock"] for target in rule["to"])
    assert v4 == {"cidr": "0.0.0.0/0", "except": [str(block) for block in addresses._INNER_V4]}
    assert v6 == {"cidr": str(addresses._UNICAST_V6), "except": [str(block) for block in addresses._INNER_V6]}


def test_a_service_leads_to_a_port_of_its_pods():
    for spec in (it["spec"] for it in WRITTEN.values() if it["kind"] == "Service"):
        assert spec["type"] == "ClusterIP"
        selector = {"matchLabels": spec["selector"]}
        (pod,) = (it for _, it in pods(WRITTEN) if matches(selector, it["metadata"]["labels"]))
        open_ports = {port["name"]: port["containerPort"] for it in pod["spec"]["containers"] for port in it["ports"]}
        assert [open_ports[port["targetPort"]] for port in spec["ports"]] == [port["port"] for port in spec["ports"]]


# how many


def test_selectors_take_the_pods_of_their_own_deployment():
    for name, manifest in WRITTEN.items():
        if manifest["kind"] in ("Deployment", "StatefulSet"):
            takers = [
                it for it, pod in pods(WRITTEN) if matches(manifest["spec"]["selector"], pod["metadata"]["labels"])
            ]
            assert takers == [name]
            for constraint in manifest["spec"]["template"]["spec"].get("topologySpreadConstraints", ()):
                assert constraint["labelSelector"] == manifest["spec"]["selector"]


def test_budgets_are_for_what_there_is_more_than_one_of():
    budgets = {name: it["spec"] for name, it in WRITTEN.items() if it["kind"] == "PodDisruptionBudget"}
    taken = {
        pod
        for spec in budgets.values()
        for pod, it in pods(WRITTEN)
        if matches(spec["selector"], it["metadata"]["labels"])
    }
    assert taken == {"Deployment/beat", "Deployment/worker"}
    assert WRITTEN["Deployment/beat"]["spec"]["replicas"] >= 2


def test_there_is_one_printer_also_while_it_is_replaced():
    assert WRITTEN["Deployment/printer"]["spec"]["replicas"] == 1
    assert WRITTEN["Deployment/printer"]["spec"]["strategy"] == {"type": "Recreate"}


def test_keda_counts_what_waits_for_the_workers():
    spec = WRITTEN["ScaledObject/worker"]["spec"]
    redis = spec["triggers"][0]["metadata"]
    assert f"Deployment/{spec['scaleTargetRef']['name']}" in WRITTEN
    assert "replicas" not in WRITTEN["Deployment/worker"]["spec"], "apply would undo what KEDA did"
    queue = app.amqp.router.route({}, "workers.tasks.fetch_provider")["queue"].name
    assert redis["listName"] == queue
    assert f"--queues={queue}" in of("worker")["containers"][0]["args"]
    # One list per queue: with priorities, most of what waits would be in lists that nobody counts.
    assert celeryconfig.broker_transport_options["priority_steps"] == [0]
    assert spec["minReplicaCount"] >= 2
