"""schema.py - the fields of Kubernetes objects that this project's manifests
use, as JSON schemas.  Nothing else is allowed, so that a slip of the pen is not
taken for a setting; where a new field is needed, it is added here with its type
as in the Kubernetes API reference (1.29)."""


def obj(required=(), **fields):
    return {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False}


def array(of):
    return {"type": "array", "items": of, "minItems": 1}


TEXT = {"type": "string", "minLength": 1}
INT = {"type": "integer", "minimum": 0}
FLAG = {"type": "boolean"}
MODE = {"type": "integer", "minimum": 0, "maximum": 0o777}
LABELS = {"type": "object", "additionalProperties": TEXT}
QUANTITY = {"type": "string", "pattern": "^[0-9]+(m|Ki|Mi|Gi)?$"}
PORT = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, TEXT]}

META = obj(["name"], name=TEXT, labels=LABELS, annotations=LABELS)
SELECTOR = obj(["matchLabels"], matchLabels=LABELS)

PROFILE = obj(["type"], type={"enum": ["RuntimeDefault", "Localhost"]}, localhostProfile=TEXT)
CAPABILITIES = obj(["drop"], drop={"const": ["ALL"]}, add=array({"enum": ["IPC_LOCK", "CHOWN", "FOWNER"]}))
CONTAINER_SECURITY = obj(
    ["allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities"],
    allowPrivilegeEscalation={"const": False},
    readOnlyRootFilesystem={"const": True},
    capabilities=CAPABILITIES,
    runAsNonRoot=FLAG,
    runAsUser=INT,
    runAsGroup=INT,
    seccompProfile=PROFILE,
)
POD_SECURITY = obj(runAsNonRoot=FLAG, runAsUser=INT, runAsGroup=INT, fsGroup=INT, seccompProfile=PROFILE)
PROBE = obj(
    ["exec"],
    exec=obj(["command"], command=array(TEXT)),
    periodSeconds=INT,
    failureThreshold=INT,
    timeoutSeconds=INT,
)
AMOUNTS = obj(cpu=QUANTITY, memory=QUANTITY)
MOUNT = obj(["name", "mountPath"], name=TEXT, mountPath={"type": "string", "pattern": "^/"}, readOnly=FLAG)
CONTAINER = obj(
    ["name", "image", "securityContext"],
    name=TEXT,
    image=TEXT,
    imagePullPolicy={"enum": ["IfNotPresent", "Always", "Never"]},
    restartPolicy={"const": "Always"},
    command=array(TEXT),
    args=array(TEXT),
    env=array(obj(["name", "value"], name=TEXT, value=TEXT)),
    ports=array(obj(["containerPort"], name={"type": "string", "maxLength": 15}, containerPort=PORT)),
    startupProbe=PROBE,
    readinessProbe=PROBE,
    livenessProbe=PROBE,
    resources=obj(requests=AMOUNTS, limits=AMOUNTS),
    securityContext=CONTAINER_SECURITY,
    volumeMounts=array(MOUNT),
)
VOLUME = obj(
    ["name"],
    name=TEXT,
    configMap=obj(["name"], name=TEXT),
    secret=obj(["secretName", "defaultMode"], secretName=TEXT, defaultMode=MODE),
    emptyDir=obj(["medium"], medium={"const": "Memory"}, sizeLimit=QUANTITY),
    hostPath=obj(["path", "type"], path=TEXT, type=TEXT),
)
SPREAD = obj(
    ["maxSkew", "topologyKey", "whenUnsatisfiable", "labelSelector"],
    maxSkew=INT,
    topologyKey=TEXT,
    whenUnsatisfiable=TEXT,
    labelSelector=SELECTOR,
)
POD = obj(
    ["containers", "automountServiceAccountToken", "securityContext", "volumes"],
    serviceAccountName=TEXT,
    automountServiceAccountToken={"const": False},
    priorityClassName=TEXT,
    terminationGracePeriodSeconds=INT,
    securityContext=POD_SECURITY,
    topologySpreadConstraints=array(SPREAD),
    initContainers=array(CONTAINER),
    containers=array(CONTAINER),
    volumes=array(VOLUME),
)
TEMPLATE = obj(["metadata", "spec"], metadata=obj(["labels"], labels=LABELS), spec=POD)

PEER = obj(namespaceSelector=SELECTOR, podSelector=SELECTOR)
POLICY_PORT = obj(["protocol", "port"], protocol={"enum": ["TCP", "UDP"]}, port=PORT)
RULE = {
    "oneOf": [
        obj(["alert", "expr", "labels", "annotations"], alert=TEXT, expr=TEXT, labels=obj(["severity"], severity={"enum": ["critical", "warning", "info"]}),
            annotations=obj(["summary", "description"], summary=TEXT, description=TEXT), **{"for": TEXT}),
        obj(["record", "expr"], record=TEXT, expr=TEXT),
    ]
}


def kind(version, **fields):
    required = ["apiVersion", "kind", "metadata"]
    return obj(required, apiVersion={"const": version}, kind=TEXT, metadata=META, **fields)


KINDS = {
    "ServiceAccount": kind("v1", automountServiceAccountToken={"const": False}),
    "ConfigMap": kind("v1", data={"type": "object", "additionalProperties": TEXT}),
    "Secret": kind("v1", type={"const": "Opaque"}, stringData={"type": "object", "additionalProperties": TEXT}),
    "Deployment": kind("apps/v1", spec=obj(["selector", "template"], replicas=INT, selector=SELECTOR, template=TEMPLATE)),
    "DaemonSet": kind(
        "apps/v1",
        spec=obj(
            ["selector", "template"],
            selector=SELECTOR,
            template=TEMPLATE,
            updateStrategy=obj(["type"], type=TEXT, rollingUpdate=obj(maxUnavailable=INT)),
        ),
    ),
    "NetworkPolicy": kind(
        "networking.k8s.io/v1",
        spec=obj(
            ["podSelector", "policyTypes", "ingress", "egress"],
            podSelector=SELECTOR,
            policyTypes=array({"enum": ["Ingress", "Egress"]}),
            ingress=array(obj(["ports"], ports=array(POLICY_PORT), **{"from": array(PEER)})),
            egress=array(obj(["ports"], ports=array(POLICY_PORT), to=array(PEER))),
        ),
    ),
    "PodDisruptionBudget": kind("policy/v1", spec=obj(["minAvailable", "selector"], minAvailable=INT, selector=SELECTOR)),
    "Service": kind(
        "v1",
        spec=obj(
            ["selector", "ports"],
            clusterIP={"const": "None"},
            selector=LABELS,
            ports=array(obj(["port"], name=TEXT, port=PORT, targetPort=PORT)),
        ),
    ),
    "ServiceMonitor": kind(
        "monitoring.coreos.com/v1",
        spec=obj(["selector", "endpoints"], selector=SELECTOR, endpoints=array(obj(["port"], port=TEXT, interval=TEXT))),
    ),
    "PrometheusRule": kind(
        "monitoring.coreos.com/v1",
        spec=obj(["groups"], groups=array(obj(["name", "rules"], name=TEXT, rules=array(RULE)))),
    ),
}
