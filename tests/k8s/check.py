"""check.py - renders the manifests, holds them against the schema and against
what the agent itself says.  Prints a line a check, and the counts.

usage: check.py BUILD_FOLDER RENDER      RENDER: tests/k8s/render, built"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import yaml

import schema

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
K8S = os.path.join(ROOT, "contrib", "k8s")
BUILD, RENDER = sys.argv[1:3]
passed = failed = 0


def check(name, problem):
    global passed, failed
    if problem:
        failed += 1
        print(f"FAIL: {name}: {problem}")
    else:
        passed += 1


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def pods(objects):
    for document in objects:
        if document["kind"] in ("Deployment", "DaemonSet"):
            yield document["metadata"]["name"], document["spec"]["template"]["spec"]


def agents(pod):
    both = pod.get("initContainers", []) + pod["containers"]
    return [container for container in both if container["name"] == "sidekeyd"]


def by_schema(document):
    try:
        jsonschema.validate(document, schema.KINDS[document["kind"]])
    except KeyError:
        return "a kind that the schema does not know"
    except jsonschema.ValidationError as error:
        return f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
    return None


def by_agent(objects):
    """What sidekeyd --check-config says of the ConfigMap and the Secret."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("config.json", "secret.json")]
        for path, kind, field in zip(paths, ("ConfigMap", "Secret"), ("data", "stringData")):
            for document in objects:
                if document["kind"] == kind and "application.json" in document[field]:
                    with open(path, "w", encoding="utf-8") as file:
                        file.write(document[field]["application.json"])
        have = [path for path in paths if os.path.exists(path)]
        options = [word for option, path in zip(("--config", "--secret"), have) for word in (option, path)]
        done = subprocess.run([f"{BUILD}/sidekeyd", "--check-config", "--strict"] + options, capture_output=True, text=True)
        return None if done.returncode == 0 else done.stderr


def volumes_of(pod):
    """Every mount has its volume, and every volume is mounted."""
    have = {volume["name"] for volume in pod["volumes"]}
    used = {mount["name"] for container in pod.get("initContainers", []) + pod["containers"]
            for mount in container.get("volumeMounts", [])}
    return None if have == used else f"volumes {sorted(have)}, mounted {sorted(used)}"


def agent_of(pod):
    """The agent is there once, with all three probes and bounded memory."""
    found = agents(pod)
    if len(found) != 1:
        return f"{len(found)} containers called sidekeyd"
    for field in ("startupProbe", "readinessProbe", "livenessProbe"):
        if found[0][field]["exec"]["command"][:2] != ["sidekey", "health"]:
            return f"{field} does not ask sidekey health"
    return None if "memory" in found[0]["resources"]["limits"] else "no limit on memory"


def look_at(name, text):
    objects = documents(text)
    for document in objects:
        check(f"{name}: {document['kind']} {document['metadata']['name']}", by_schema(document))
    check(f"{name}: configuration", by_agent(objects))
    for pod_name, pod in pods(objects):
        check(f"{name}: {pod_name}: volumes", volumes_of(pod))
        check(f"{name}: {pod_name}: agent", agent_of(pod))
    return objects


def probes_work():
    """The options that the probes use exist."""
    help_text = run(f"{BUILD}/sidekey", "health", "--help")
    return None if "--live" in help_text else "sidekey health has no --live"


def args_work(objects):
    help_text = run(f"{BUILD}/sidekeyd", "--help")
    for _, pod in pods(objects):
        for word in agents(pod)[0].get("args", []):
            if word.startswith("--") and word not in help_text:
                return f"sidekeyd knows no {word}"
    return None


def known_metrics():
    """The names that the agent's own source gives out."""
    with open(f"{ROOT}/agent/ops/metrics_text.c", encoding="utf-8") as file:
        text = file.read()
    names = {f"sidekey_{name}" for name in re.findall(r'"([a-z][a-z_]+)"', text)}
    return names | set(re.findall(r"\bsidekey_[a-z_]+", text))


def unknown_metrics(expressions):
    used = {name for expression in expressions for name in re.findall(r"\bsidekey_[a-z_]+", expression)}
    return sorted(used - known_metrics()) or None


def look_at_monitoring():
    with open(f"{K8S}/monitoring/prometheusrule.yaml", encoding="utf-8") as file:
        rules = yaml.safe_load(file)["spec"]
    with open(f"{K8S}/chart/rules.yaml", encoding="utf-8") as file:
        check("monitoring: the chart has the same rules", None if yaml.safe_load(file) == rules else "others")
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    check("monitoring: the rules' metrics exist", unknown_metrics(rule["expr"] for rule in alerts))
    with open(f"{K8S}/monitoring/dashboard.json", encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    targets = [target["expr"] for panel in panels for target in panel["targets"]]
    check("monitoring: the dashboard's metrics exist", unknown_metrics(targets))
    if shutil.which("promtool") is None:
        print("SKIPPED: there is no promtool (Debian: prometheus)")
        return
    # The dashboard's expressions as rules, so that they are parsed, too.
    records = [{"record": f"panel{number}", "expr": expr} for number, expr in enumerate(targets)]
    rules["groups"].append({"name": "dashboard", "rules": records})
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(rules, file)
        file.flush()
        done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True)
    check("monitoring: promtool", None if done.returncode == 0 else done.stderr)


def documents(text):
    return sorted((d for d in yaml.safe_load_all(text) if d), key=lambda d: (d["kind"], d["metadata"]["name"]))


def helm_agrees(*values):
    """Helm itself, where there is one (Debian has none), renders what RENDER does."""
    options = [word for name in values for word in ("--values", name)]
    theirs = run("helm", "template", "gateway", f"{K8S}/chart", "--kube-version", "1.30.0",
                 "--api-versions", "monitoring.coreos.com/v1", *options)
    ours = run(RENDER, f"{K8S}/chart", "gateway", *values)
    return None if documents(theirs) == documents(ours) else "helm template renders something else"


def look_at_helm(all_on):
    if shutil.which("helm") is None:
        return
    check("chart: helm lint", None if run("helm", "lint", "--strict", f"{K8S}/chart", "--kube-version", "1.30.0") else "?")
    check("chart: as Helm renders it", helm_agrees())
    check("chart, all on: as Helm renders it", helm_agrees(all_on))


def main():
    base = look_at("base", run("kubectl", "kustomize", f"{K8S}/base"))
    for name in ("overlays/development", "overlays/production", "daemonset"):
        look_at(name, run("kubectl", "kustomize", f"{K8S}/{name}"))
    with tempfile.TemporaryDirectory(dir=K8S) as folder:
        # A component is looked at through an overlay that uses it.
        with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
            file.write("resources: [../base]\ncomponents: [../components/many-tenants]\n")
        look_at("components/many-tenants", run("kubectl", "kustomize", folder))
    # The chart takes a Secret that is there already: as the base has it.
    with open(f"{K8S}/common/secret.yaml", encoding="utf-8") as file:
        secret = "\n---\n" + file.read()
    look_at("chart", run(RENDER, f"{K8S}/chart", "gateway") + secret)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as values:
        values.write("serviceMonitor: {enabled: true}\nprometheusRule: {enabled: true}\nseccompProfile: sidekeyd.json\n")
        values.flush()
        all_on = look_at("chart, all on", run(RENDER, f"{K8S}/chart", "gateway", values.name) + secret)
        look_at_helm(values.name)
    look_at_monitoring()
    kinds = {document["kind"] for document in all_on}
    check("chart: all on has all", None if {"ServiceMonitor", "PrometheusRule"} <= kinds else sorted(kinds))
    check("the probes' options exist", probes_work())
    check("the agent's options exist", args_work(base))
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
