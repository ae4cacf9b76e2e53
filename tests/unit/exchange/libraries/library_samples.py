"""Libraries made up for the tests, in the forms that are about."""

from textwrap import dedent

NODE = "urn:example:risk:req_node:river"

HEAD = """\
convert_library_version: 'v2 ; Compat Mode: [0]'
urn: urn:example:risk:library:river
locale: fr
ref_id: RIVER
name: Rules of the river board
description: 'Invented, with a note: nobody follows them'
copyright: none
version: 3
publication_date: 2026-02-25
provider: River board
packager: example
translations:
  en:
    name: Rules of the river board in English
"""

FRAMEWORK = """\
objects:
  reference_controls:
  - urn: urn:example:risk:function:river:rc-1
    ref_id: RC.1
    name: A sluice
    category: physical
    csf_function: protect
    description: It opens and closes.
  threats:
  - urn: urn:example:risk:threat:river:t-1
    ref_id: T.1
    name: Flood
  framework:
    urn: urn:example:risk:framework:River
    ref_id: RIVER
    name: Rules of the river board
    min_score: 1
    max_score: 4
    scores_definition:
    - score: 1
      name: Dry
      description: null
    implementation_groups_definition:
    - ref_id: B
      name: basic
      description: null
    requirement_nodes:
    - urn: urn:example:risk:req_node:river:a
      assessable: false
      depth: 1
      ref_id: A
      name: Banks
      description: What holds the water.
    - urn: urn:example:risk:req_node:river:a.1
      assessable: true
      depth: 2
      parent_urn: urn:example:risk:req_node:River:A
      ref_id: 1.10
      name: The banks are walked
      description: 'Somebody walks the banks: every week.'
      annotation: Take boots.
      typical_evidence: A diary.
      importance: mandatory
      weight: 2
      implementation_groups: [B]
      threats: [urn:example:risk:threat:river:t-1]
      reference_controls:
      - urn:example:risk:function:river:rc-1
    - urn: urn:example:risk:req_node:river:a.1:node3
      assessable: true
      depth: 3
      parent_urn: urn:example:risk:req_node:river:a.1
      question:
        question_type: unique_choice
        question_choices: &id001
        - 'Yes'
        - no
        questions:
        - urn: urn:example:risk:req_node:river:a.1:node3:question:1
          text: Are the boots dry?
    - urn: urn:example:risk:req_node:river:a.1:node4
      assessable: true
      depth: 3
      parent_urn: urn:example:risk:req_node:river:a.1
      name: Wet feet
      description: Nobody has wet feet.
      questions:
        urn:example:risk:req_node:river:a.1:node4:question:1:
          type: unique_choice
          text: Who looked?
          choices:
          - urn: urn:example:risk:req_node:river:a.1:node4:question:1:choice:1
            value: The mayor
            compute_result: 'true'
          - value: Nobody
        urn:example:risk:req_node:river:a.1:node4:question:2:
          type: unique_choice
          text: And again?
          choices: *id001
"""

MAPPING = """\
objects:
  requirement_mapping_sets:
  - urn: urn:example:risk:req_mapping_set:river-to-lake
    source_framework_urn: urn:example:risk:framework:river
    target_framework_urn: urn:example:risk:framework:lake
    requirement_mappings:
    - source_requirement_urn: urn:example:risk:req_node:river:a.1
      target_requirement_urn: urn:example:risk:req_node:lake:shore.2
      relationship: intersect
      rationale: semantic
      annotation: ''
      strength_of_relationship: 7
    - source_requirement_urn: urn:example:risk:req_node:river:a
      target_requirement_urn: urn:example:risk:req_node:lake:shore
      relationship: subset
  - urn: urn:example:risk:req_mapping_set:lake-to-river
    source_framework_urn: urn:example:risk:framework:lake
    target_framework_urn: urn:example:risk:framework:river
    requirement_mappings:
    - source_requirement_urn: urn:example:risk:req_node:lake:shore.2
      target_requirement_urn: urn:example:risk:req_node:river:a.1
      relationship: equal
"""


def library(objects: str = FRAMEWORK) -> bytes:
    """Return a library that holds these objects."""
    return (HEAD + objects).encode()


def framework(nodes: str, more: str = "") -> bytes:
    """Return a library whose framework has these nodes, written from the first column on."""
    body = "\n".join(f"    {line}" for line in dedent(nodes).strip("\n").splitlines())
    return library(f"objects:\n  framework:\n    urn: u\n{more}    requirement_nodes:\n{body}\n")


def line_of(data: bytes, text: str, occurrence: int = 1) -> int:
    """Return the line on which a text stands for the n-th time."""
    lines = [n for n, line in enumerate(data.decode().splitlines(), 1) if text in line]
    return lines[occurrence - 1]
