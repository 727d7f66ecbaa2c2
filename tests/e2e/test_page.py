"""The page of a whole tracker: it is there, shows what is logged, takes pushes, and ends with the rest."""

import re
import time
from pathlib import Path

import pytest
import requests

from tests.e2e.running import RunningTracker, provider
from tests.vendor import Vendor
