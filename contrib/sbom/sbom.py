#!/usr/bin/python3
"""sbom.py - writes what sidekey is made of as SPDX 2.3 JSON.

The files of the tree with their checksums, and each library that the built
programs name, with its version, its Debian package and its licence.  The same
tree on the same machine gives the same document: its date is that of the last
commit, or SOURCE_DATE_EPOCH.

Usage: sbom.py --version V --out FILE PKG... -- BUILT...
       PKG: names in pkg-config; BUILT: programs and libraries to look into
"""
import argparse
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys

# Short names of Debian's copyright files that SPDX spells otherwise.
SPDX_NAMES = {"Expat": "MIT", "Boost-1": "BSL-1.0", "BSL-1": "BSL-1.0", "Zlib": "Zlib", "zlib": "Zlib", "curl": "curl",
              "ISC": "ISC", "MIT": "MIT", "Apache-2.0": "Apache-2.0", "LGPL-2.1": "LGPL-2.1-only",
              "LGPL-2.1+": "LGPL-2.1-or-later"}
# Packages whose copyright file is prose.
PROSE = {"libc6": "LGPL-2.1-or-later"}
SKIPPED = ("build", ".git")


def output(*command):
    """What a command prints; empty when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def digests(path):
    data = open(path, "rb").read()
    return {name: hashlib.new(name.lower(), data).hexdigest() for name in ("SHA1", "SHA256")}


def spdx_id(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


# ---- the tree ----------------------------------------------------------------


def tree_files():
    listed = output("git", "ls-files", "-z")
    if listed:
        return sorted(name for name in listed.split("\0") if name and os.path.isfile(name))
    found = []
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and f != "__pycache__")
        found += [os.path.relpath(os.path.join(folder, name)) for name in names]
    return sorted(found)


def describe_file(number, name):
    return {
        "SPDXID": f"SPDXRef-File-{number}",
        "fileName": "./" + name,
        "checksums": [{"algorithm": a, "checksumValue": v} for a, v in digests(name).items()],
        "licenseConcluded": "Apache-2.0",
        "copyrightText": "NOASSERTION",
    }


def verification_code(files):
    """Section 7.9: SHA-1 of the sorted SHA-1s of all files."""
    sums = sorted(f["checksums"][0]["checksumValue"] for f in files)
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def describe_project(version, files):
    return {
        "SPDXID": "SPDXRef-Package-sidekey",
        "name": "sidekey",
        "versionInfo": version,
        "supplier": "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": verification_code(files)},
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "licenseInfoFromFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
    }


# ---- libraries ---------------------------------------------------------------


def loaded_path(soname, program):
    """Where the loader finds the library."""
    for line in output("ldd", program).splitlines():
        parts = line.split()
        if parts and os.path.basename(parts[0]) == soname:
            return parts[2] if "=>" in parts else parts[0]
    return ""


def needed_by(program):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-dW", program))


def debian_package(path):
    """Of a library; dpkg may know it by the path before /usr was merged."""
    real = os.path.realpath(path)
    for name in (path, real, real.removeprefix("/usr"), path.removeprefix("/usr")):
        owner = output("dpkg-query", "-S", name)
        if owner:
            return owner.split(":")[0].split(",")[0]
    return ""


def debian_licence(package):
    """What the package's copyright file says of "Files: *"."""
    try:
        text = open(f"/usr/share/doc/{package}/copyright", encoding="utf-8", errors="replace").read()
    except OSError:
        return "NOASSERTION"
    general = re.search(r"^Files: \*$.*?^License: *(\S+)", text, re.MULTILINE | re.DOTALL)
    if general:
        return SPDX_NAMES.get(general.group(1), "NOASSERTION")
    return PROSE.get(package, "NOASSERTION")


def pkg_config_versions(packages):
    """Upstream's versions by the name of the library that -l gives."""
    versions = {}
    for package in packages:
        version = output("pkg-config", "--modversion", package)
        if not version:
            sys.exit(f"sbom.py: pkg-config does not know {package}")
        for library in re.findall(r"-l(\S+)", output("pkg-config", "--libs-only-l", package)):
            versions[f"lib{library}"] = version
    return versions


def describe_library(soname, path, versions):
    package = debian_package(path)
    debian = output("dpkg-query", "-W", "-f", "${Version}", package) if package else ""
    upstream = versions.get(soname.split(".so")[0], "")
    licence = debian_licence(package)
    described = {
        "SPDXID": spdx_id("Library", soname),
        "name": soname,
        "versionInfo": debian or upstream or "unknown",
        "supplier": "Organization: Debian" if package else "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA256", "checksumValue": digests(path)["SHA256"]}],
        "licenseConcluded": licence,
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
    }
    if upstream:
        described["comment"] = f"pkg-config says version {upstream}"
    if package:
        architecture = output("dpkg", "--print-architecture")
        described["externalRefs"] = [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{package}@{debian}?arch={architecture}",
        }]
    return described


def describe_libraries(built, packages):
    versions = pkg_config_versions(packages)
    paths = {}
    for program in built:
        for soname in needed_by(program):
            paths.setdefault(soname, loaded_path(soname, program))
    for soname, path in paths.items():
        if not path:
            sys.exit(f"sbom.py: {soname} is not found by the loader")
    return [describe_library(soname, paths[soname], versions) for soname in sorted(paths)]


# ---- the document ------------------------------------------------------------


def relate(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def created():
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or output("git", "log", "-1", "--format=%ct") or "0"
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(version, files, libraries):
    project = describe_project(version, files)
    relations = [relate("SPDXRef-DOCUMENT", "DESCRIBES", project["SPDXID"])]
    relations += [relate(project["SPDXID"], "CONTAINS", f["SPDXID"]) for f in files]
    relations += [relate(project["SPDXID"], "DYNAMIC_LINK", p["SPDXID"]) for p in libraries]
    body = {"packages": [project] + libraries, "files": files, "relationships": relations}
    content = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"sidekey-{version}",
        "documentNamespace": f"https://sidekey.invalid/spdx/sidekey-{version}-{content}",
        "creationInfo": {"created": created(), "creators": [f"Tool: sidekey-sbom-{version}"]},
        **body,
    }


def main():
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("packages", nargs="+")
    options = parser.parse_args(sys.argv[1:split])
    files = [describe_file(number, name) for number, name in enumerate(tree_files())]
    libraries = describe_libraries(sys.argv[split + 1 :], options.packages)
    with open(options.out, "w", encoding="utf-8") as out:
        json.dump(document(options.version, files, libraries), out, indent=1)
        out.write("\n")
    print(f"{options.out}: {len(files)} files, {len(libraries)} libraries")


if __name__ == "__main__":
    main()
