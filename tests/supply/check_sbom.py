#!/usr/bin/python3
"""check_sbom.py - checks a bill of materials against SPDX 2.3, against the tree
it is in, and against what the built programs are linked with.

Usage: check_sbom.py FILE BUILT...
"""
import hashlib
import json
import os
import re
import subprocess
import sys

faults = []
LENGTHS = {"SHA1": 40, "SHA256": 64}
LICENCE = re.compile(r"(NOASSERTION|NONE|[A-Za-z0-9.+-]+(-only|-or-later)?)$")
RELATIONS = {"DESCRIBES", "CONTAINS", "DYNAMIC_LINK"}


def demand(holds, fault):
    if not holds:
        faults.append(fault)


def check_members(what, row, required):
    for name, kind in required.items():
        demand(isinstance(row.get(name), kind), f"{what}: {name} is missing, or no {kind.__name__}")


def check_checksums(what, rows):
    for row in rows:
        length = LENGTHS.get(row.get("algorithm"))
        good = length and re.fullmatch(f"[0-9a-f]{{{length}}}", row.get("checksumValue", ""))
        demand(good, f"{what}: {row} is no checksum")


def check_document(doc):
    check_members("document", doc, {"spdxVersion": str, "dataLicense": str, "SPDXID": str, "name": str, "files": list,
                                    "documentNamespace": str, "creationInfo": dict, "packages": list, "relationships": list})
    demand(doc["spdxVersion"] == "SPDX-2.3", "spdxVersion")
    demand(doc["dataLicense"] == "CC0-1.0", "dataLicense")
    demand(doc["SPDXID"] == "SPDXRef-DOCUMENT", "the document's SPDXID")
    demand(re.fullmatch(r"[a-z]+://[^#\s]+", doc["documentNamespace"]), "documentNamespace is no URI, or has a #")
    demand(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", doc["creationInfo"].get("created", "")), "created")
    creators = doc["creationInfo"].get("creators", [])
    demand(creators and all(re.match("(Person|Organization|Tool): ", c) for c in creators), "creators")


def check_package(row):
    what = row.get("name", "a package without a name")
    check_members(what, row, {"SPDXID": str, "name": str, "versionInfo": str, "downloadLocation": str, "filesAnalyzed": bool,
                              "licenseConcluded": str, "licenseDeclared": str, "copyrightText": str})
    for name in ("licenseConcluded", "licenseDeclared"):
        demand(LICENCE.match(row[name]), f"{what}: {row[name]} is no licence")
    demand(row["licenseDeclared"] != "NOASSERTION", f"{what}: the licence is not known")
    demand(re.search(r"\d", row["versionInfo"]), f"{what}: {row['versionInfo']} is no version")
    demand(row["filesAnalyzed"] == ("packageVerificationCode" in row), f"{what}: packageVerificationCode")
    check_checksums(what, row.get("checksums", []))
    for ref in row.get("externalRefs", []):
        demand(ref["referenceType"] != "purl" or ref["referenceLocator"].startswith("pkg:"), f"{what}: {ref}")


def check_ids(doc):
    rows = doc["packages"] + doc["files"]
    ids = [row["SPDXID"] for row in rows]
    demand(len(ids) == len(set(ids)), "an SPDXID is there twice")
    demand(all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", i) for i in ids), "an SPDXID has a character that it may not")
    known = set(ids) | {"SPDXRef-DOCUMENT"}
    contained = set()
    for row in doc["relationships"]:
        demand(row["relationshipType"] in RELATIONS, f"{row['relationshipType']} is no relation that we use")
        demand(row["spdxElementId"] in known and row["relatedSpdxElement"] in known, f"{row} names what is not there")
        contained.add(row["relatedSpdxElement"])
    demand(set(ids) <= contained, "a package or a file is related to nothing")


def check_files(doc):
    for row in doc["files"]:
        check_members(row.get("fileName", "a file"), row,
                      {"SPDXID": str, "fileName": str, "checksums": list, "licenseConcluded": str, "copyrightText": str})
        check_checksums(row["fileName"], row["checksums"])
        data = open(row["fileName"], "rb").read()
        for one in row["checksums"]:
            real = hashlib.new(one["algorithm"].lower(), data).hexdigest()
            demand(real == one["checksumValue"], f"{row['fileName']}: {one['algorithm']} is another one")
    named = {row["fileName"] for row in doc["files"]}
    for folder in ("protocol", "agent", "libclient"):
        for path, _, names in os.walk(folder):
            for name in names:
                full = os.path.join(".", path, name)
                demand(full in named or not name.endswith((".c", ".h")), f"{full} is not listed")
    sums = sorted(c["checksumValue"] for f in doc["files"] for c in f["checksums"] if c["algorithm"] == "SHA1")
    code = hashlib.sha1("".join(sums).encode()).hexdigest()
    demand(doc["packages"][0]["packageVerificationCode"]["packageVerificationCodeValue"] == code, "packageVerificationCode")


def check_linked(doc, built):
    named = {row["name"] for row in doc["packages"]}
    for program in built:
        text = subprocess.run(["readelf", "-dW", program], capture_output=True, text=True, check=True).stdout
        for soname in re.findall(r"\(NEEDED\).*\[(.+)\]", text):
            demand(soname in named, f"{program} is linked with {soname}, which is not listed")


def main():
    doc = json.load(open(sys.argv[1], encoding="utf-8"))
    check_document(doc)
    for row in doc["packages"]:
        check_package(row)
    check_ids(doc)
    check_files(doc)
    check_linked(doc, sys.argv[2:])
    print("\n".join(faults) or "sound")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
