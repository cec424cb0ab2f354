"""Renders the chart with Helm's own engine (4.2), and compares it with `cargo xtask render`."""

import pathlib
import subprocess

import helm_python
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "deploy" / "chart"
NAMESPACE = "mnsoss-system"
# Helm keeps what has this annotation when the release is removed; nothing else knows it.
KEEP = "helm.sh/resource-policy"


def xtask_render(*options):
    subprocess.run(["cargo", "xtask", "render", *map(str, options)], cwd=ROOT, check=True)


def documents(texts):
    """All objects, by kind, namespace and name. Each may be there once."""
    found = {}
    for text in texts:
        for document in filter(None, yaml.safe_load_all(text)):
            metadata = document["metadata"]
            key = (document["kind"], metadata.get("namespace", ""), metadata["name"])
            assert key not in found, f"{key} twice"
            found[key] = document
    return found


def by_helm(values=None, namespace=NAMESPACE, chart=CHART):
    with helm_python.Chart.load(str(chart)) as loaded:
        loaded.validate_schema(values)
        files = loaded.render(values, name="any", namespace=namespace)
    return documents(text for path, text in files.items() if path.endswith(".yaml"))


def by_xtask(folder):
    """What the chart is to be: all but the namespace, which Helm makes."""
    found = documents(path.read_text() for path in sorted(folder.glob("*.yaml")))
    return {key: value for key, value in found.items() if key[0] != "Namespace"}


def without_policy(objects):
    for (kind, _, _), value in objects.items():
        if kind == "CustomResourceDefinition":
            assert value["metadata"]["annotations"].pop(KEEP) == "keep"
    return objects


def test_lint_finds_nothing():
    report = helm_python.lint(str(CHART), strict=True, namespace=NAMESPACE)
    assert report["errors"] == []
    # Information (1) such as a missing icon is none of a fault.
    assert [message for message in report["messages"] if message["severity"] > 1] == []


def test_usual_values_give_the_checked_in_files():
    assert without_policy(by_helm()) == by_xtask(ROOT / "deploy" / "controller")


def test_values_do_what_settings_do(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text(
        """
        [images]
        source = "registry.example.com:5000/photos/source:2.0"
        [controller]
        namespace = "elsewhere"
        namespaces = "blue,green"
        egress-ports = "443,7443"
        replicas = 3
        log-filter = "debug,hyper=info"
        resync-seconds = 86400
        private-endpoints = "10.0.0.0/8,fd00::/8"
        [keda]
        enabled = true
        namespace = "scaling"
        [traces]
        endpoint = "http://collector:4318"
        sampling-rate = "0.5"
        """
    )
    values = {
        "image": {"repository": "registry.example.com:5000/photos/source", "tag": "2.0"},
        "watchNamespaces": ["blue", "green"],
        "networkPolicy": {"egressPorts": [443, 7443]},
        "replicas": 3,
        "logFilter": "debug,hyper=info",
        "resyncSeconds": 86400,
        "privateEndpoints": ["10.0.0.0/8", "fd00::/8"],
        "keda": {"enabled": True, "namespace": "scaling"},
        "traces": {"endpoint": "http://collector:4318", "samplingRate": "0.5"},
    }
    xtask_render("--config", settings, "--out", tmp_path / "out")
    expected = by_xtask(tmp_path / "out" / "controller")
    assert without_policy(by_helm(values, namespace="elsewhere")) == expected


def test_role_of_values_is_the_role_of_settings(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text(
        """
        [controller]
        namespace = "elsewhere"
        [sample]
        namespace = "photos"
        [mns]
        open-endpoint = "https://mns-open.example.com"
        account-id = "1234567890123456"
        region = "cn-shanghai"
        [rrsa]
        oidc-provider = "ack-rrsa-c0ffee"
        issuer = "https://issuer.example.com"
        sts-endpoint = "https://sts.example.com"
        """
    )
    account = "acs:ram::1234567890123456"
    values = {
        "mnsOpenEndpoint": "https://mns-open.example.com",
        "rrsa": {
            "roleArn": f"{account}:role/mnsoss-controller",
            "providerArn": f"{account}:oidc-provider/ack-rrsa-c0ffee",
            "stsRegion": "cn-shanghai",
            "stsEndpoint": "https://sts.example.com",
            "namespaces": ["photos"],
        },
    }
    xtask_render("--config", settings, "--out", tmp_path / "out")
    expected = by_xtask(tmp_path / "out" / "controller")
    key = ("Deployment", "elsewhere", "mnsoss-source-controller")
    assert by_helm(values, namespace="elsewhere")[key] == expected[key]


def test_release_is_one_file_and_the_same_chart(tmp_path):
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    xtask_render("--release", version, "--repository", "example.com/m", "--out", tmp_path)
    released = documents([(tmp_path / "mnsoss-source.yaml").read_text()])
    released = {key: value for key, value in released.items() if key[0] != "Namespace"}
    assert without_policy(by_helm(chart=tmp_path / "chart")) == released
    images = {
        container["image"]
        for key, value in released.items()
        if key[0] == "Deployment"
        for container in value["spec"]["template"]["spec"]["containers"]
    }
    assert images == {f"example.com/m/source:{version}"}
    package = helm_python.package(str(tmp_path / "chart"), destination=str(tmp_path))
    assert pathlib.Path(package).name == f"mnsoss-source-{version}.tgz"


def test_switches_leave_out_what_they_name():
    usual = set(by_helm())
    for values, missing in [
        ({"networkPolicy": {"enabled": False}}, {"NetworkPolicy"}),
        ({"disruptionBudget": {"enabled": False}}, {"PodDisruptionBudget"}),
        ({"crds": {"install": False}}, {"CustomResourceDefinition", "ClusterRole"}),
    ]:
        left_out = usual - set(by_helm(values))
        assert {key[0] for key in left_out} == missing, values
        assert all(missing != {"NetworkPolicy"} or key[1] == NAMESPACE for key in left_out)


def test_second_release_shares_nothing_with_the_first():
    second = by_helm({"crds": {"install": False}}, namespace="second")
    assert set(by_helm()) & set(second) == set()


def test_monitor_is_the_rendered_one_with_labels():
    rendered = documents([(ROOT / "deploy" / "observability" / "monitors.yaml").read_text()])
    key = ("PodMonitor", NAMESPACE, "mnsoss-source-controller")
    expected = rendered[key]
    expected["metadata"]["labels"]["release"] = "prometheus"
    values = {"podMonitor": {"enabled": True, "labels": {"release": "prometheus"}}}
    assert by_helm(values)[key] == expected


def test_places_and_annotations_go_where_they_belong():
    toleration = {"key": "dedicated", "operator": "Exists"}
    objects = by_helm(
        {
            "image": {"digest": "sha256:" + "a" * 64},
            "serviceAccount": {"annotations": {"pod-identity.alibabacloud.com/role-name": "mns"}},
            "nodeSelector": {"kubernetes.io/arch": "arm64"},
            "tolerations": [toleration],
        }
    )
    name = "mnsoss-source-controller"
    pod = objects["Deployment", NAMESPACE, name]["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    assert pod["tolerations"] == [toleration]
    assert pod["containers"][0]["image"].endswith("@sha256:" + "a" * 64)
    account = objects["ServiceAccount", NAMESPACE, name]
    assert account["metadata"]["annotations"] == {"pod-identity.alibabacloud.com/role-name": "mns"}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replicas": 0}, "replicas"),
        ({"replica": 2}, "replica"),
        ({"image": {"digest": "latest"}}, "digest"),
        ({"image": {"repository": "with space"}}, "repository"),
        ({"watchNamespaces": ["*"]}, "watchNamespaces"),
        ({"privateEndpoints": ["localhost"]}, "privateEndpoints"),
        ({"networkPolicy": {"egressPorts": [0]}}, "egressPorts"),
        ({"logFilter": ""}, "logFilter"),
        ({"rrsa": {"roleArn": "mnsoss-controller"}}, "roleArn"),
        ({"mnsOpenEndpoint": "mns-open.example.com"}, "mnsOpenEndpoint"),
        ({"traces": {"samplingRate": "2"}}, "samplingRate"),
    ],
)
def test_schema_names_what_is_wrong(values, named):
    with pytest.raises(helm_python.HelmValuesError, match=named):
        by_helm(values)
