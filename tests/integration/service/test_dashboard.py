"""The Grafana dashboard draws figures that `/metrics` has, and all of them."""

import json
import re

from prometheus_client.parser import text_string_to_metric_families

from support.api import ApiForTests
from support.project import ROOT

DASHBOARD = ROOT / "docs" / "grafana" / "tripletlab.json"


def test_the_dashboard_asks_for_every_figure_of_the_service_and_no_other(api: ApiForTests) -> None:
    running = api.submit(seeds={"count": 1})["runs"][0]
    api.claim(running["id"])
    api.http.get("/healthz")
    families = list(text_string_to_metric_families(api.http.get("/metrics").text))
    told = {sample.name for family in families for sample in family.samples}
    labels = {name for family in families for one in family.samples for name in one.labels}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    names = set(re.findall(r"tripletlab_\w+", asked))
    assert names <= told | {"tripletlab_step_seconds"}  # told once a running run has done a step
    drawn = {re.sub("_(count|bucket)$", "", name) for name in names}
    beside = {"tripletlab_cuda_workers", "tripletlab_http_seconds_created"}
    assert {family.name for family in families} <= drawn | beside
    grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", asked))))
    assert grouped <= labels
