import os
from pathlib import Path

import pytest

from tracker.supervise.surroundings import FOLDER, ROOT, surroundings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with a file for a secret in it."""
    (tmp_path / "secret").write_text("rediss://:pw@db.example.com:6379/0?ssl_ca_certs=own%20ca.pem&ssl_keyfile=/k.pem")
    return tmp_path


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"TRACKER_DATA_DIR": "data"}, {"TRACKER_DATA_DIR": "{}/data"}),
        ({"TRACKER_CA_FILE": "../ca.pem"}, {"TRACKER_CA_FILE": "{}/../ca.pem"}),
        ({"TRACKER_TICK_FILE": "not-yet"}, {"TRACKER_TICK_FILE": "{}/not-yet"}),
        ({"SSL_CERT_FILE": "ca.pem"}, {"SSL_CERT_FILE": "{}/ca.pem"}),
        ({"TRACKER_DATA_DIR": "/var/lib/tracker"}, {"TRACKER_DATA_DIR": "/var/lib/tracker"}),
        ({"OPS_URL_FILE": "secret"}, {"OPS_URL_FILE": "{}/secret"}),
        # A variable that only happens to be named so.
        ({"OPS_FILE": "https://hooks.example.com/x"}, {"OPS_FILE": "https://hooks.example.com/x"}),
        ({"OPS_URL": "https://hooks.example.com/x"}, {"OPS_URL": "https://hooks.example.com/x"}),
        (
            {"REDIS_URL": "rediss://db:6379/0?ssl_ca_certs=ca.pem&ssl_cert_reqs=required"},
            {"REDIS_URL": "rediss://db:6379/0?ssl_ca_certs={}/ca.pem&ssl_cert_reqs=required"},
        ),
        (
            {"REDIS_URL": "rediss://db:6379/0?ssl_ca_certs=/ca.pem"},
            {"REDIS_URL": "rediss://db:6379/0?ssl_ca_certs=/ca.pem"},
        ),
        (
            {"REDIS_URL_FILE": "{}/secret"},
            {"REDIS_URL": "rediss://:pw@db.example.com:6379/0?ssl_ca_certs={}/own%20ca.pem&ssl_keyfile=/k.pem"},
        ),
        # What the user puts on the path for modules stays there; an empty entry would be the working directory.
        ({"PYTHONPATH": "lib:/opt/lib:"}, {"PYTHONPATH": "{}/lib:/opt/lib"}),
        ({"PYTHONPATH": ":"}, {}),
        # Celery's own variables, which another project may have set.
        (
            dict.fromkeys(
                ("APP", "BROKER_URL", "CONFIG_MODULE", "LOADER", "CELERY_BROKER_URL", "CELERY_WORKER_POOL"), "x"
            ),
            {},
        ),
    ],
)
def test_a_variable_means_in_a_childs_folder_what_it_means_in_the_users(
    given: dict[str, str], wanted: dict[str, str], folder: Path
) -> None:
    here = {name: value.replace("{}", str(folder)) for name, value in given.items()}
    there = {name: value.replace("{}", str(folder)) for name, value in wanted.items()}

    assert surroundings(here, folder, path=["/usr/bin"]) == {**there, "PYTHONSAFEPATH": "1"}


def test_a_checkout_that_is_not_installed_is_found(folder: Path) -> None:
    assert surroundings({}, folder, path=[str(ROOT)])["PYTHONPATH"] == str(Path(__file__).parents[3])


def test_the_childs_folder_is_on_the_path_for_modules_already() -> None:
    assert Path(os.__file__).parent == FOLDER
    assert FOLDER.is_absolute()
