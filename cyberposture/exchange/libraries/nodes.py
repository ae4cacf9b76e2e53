"""Puts the flat list of a framework's nodes into its tree, whatever parents and depths say.

A node whose parent is missing or unknown, or whose parents lead round in a circle, hangs where its
depth and its place in the file put it; each such guess is noted.
"""

from dataclasses import dataclass

from cyberposture.exchange.libraries.notes import Notes
from cyberposture.exchange.libraries.tree import Part

MAX_DEPTH = 50
_TRUE = frozenset({"true", "yes", "on", "y", "x", "1"})
_FALSE = frozenset({"false", "no", "off", "n", "0", ""})
_UNREAD_DEPTH = 0


@dataclass(slots=True)
class Node:
    """One entry of the list; `depth` is where it really stands, the outermost at 1."""

    part: Part
    urn: str
    """In lower case, as its own program compares them; empty: it has none."""
    is_assessable: bool
    declared_depth: int
    """0: none that could be read."""
    parent: "Node | None" = None
    depth: int = 1


def read_nodes(notes: Notes, framework: Part) -> list[Node]:
    """Return the nodes of a framework in the order of the file, each below its parent."""
    nodes: list[Node] = []
    by_urn: dict[str, Node] = {}
    listed = framework.fields.get("requirement_nodes", Part(framework.line))
    for part in listed.values:
        if not part.fields:
            notes.add(part.line, "a requirement node is a mapping; this is none and is left out")
            continue
        node = _node(notes, part)
        if node.urn in by_urn:
            first = by_urn[node.urn].part.line
            notes.add(part.line, f"{node.urn} stands on line {first} already; this one is left out")
            continue
        if node.urn:
            by_urn[node.urn] = node
        nodes.append(node)
    _hang(notes, nodes, by_urn)
    _mark_assessable(notes, nodes, listed.line)
    return nodes


def _node(notes: Notes, part: Part) -> Node:
    urn = notes.label(part, "urn").lower()
    if not urn:
        notes.add(part.line, "a requirement node without urn")
    word = notes.label(part, "assessable").lower()
    if word not in _TRUE | _FALSE:
        notes.add(part.line, f"assessable: {word[:40]!r} is neither true nor false")
    depth = notes.label(part, "depth")
    is_number = depth.isascii() and depth.isdigit() and len(depth) < 6
    if depth and not is_number:
        notes.add(part.line, f"depth: {depth[:40]!r} is no whole number")
    return Node(part, urn, word in _TRUE, int(depth) if is_number else _UNREAD_DEPTH)


def _hang(notes: Notes, nodes: list[Node], by_urn: dict[str, Node]) -> None:
    """Give every node its parent and its depth."""
    open_above: list[Node] = []
    for node in nodes:
        while open_above and open_above[-1].declared_depth >= node.declared_depth:
            open_above.pop()
        by_place = open_above[-1] if open_above else None
        if node.declared_depth != _UNREAD_DEPTH:
            open_above.append(node)
        wanted = notes.label(node.part, "parent_urn").lower()
        if wanted in by_urn:
            node.parent = by_urn[wanted]
        elif wanted:
            notes.add(node.part.line, f"parent_urn: there is no node {wanted} here")
            node.parent = by_place
        elif node.declared_depth > 1:
            notes.add(node.part.line, f"depth {node.declared_depth}, and no parent_urn")
            node.parent = by_place
    _measure(notes, nodes)


def _measure(notes: Notes, nodes: list[Node]) -> None:
    """Set every depth, open every circle, and note where another depth was declared."""
    measured: set[int] = set()
    for node in nodes:
        chain, within = [node], {id(node)}
        while (above := chain[-1].parent) is not None and id(above) not in measured:
            if id(above) in within:
                notes.add(chain[-1].part.line, f"its parents lead back to itself: {above.urn}")
                chain[-1].parent = None
                break
            chain.append(above)
            within.add(id(above))
        for one in reversed(chain):
            _set_depth(notes, one)
            measured.add(id(one))
        if node.declared_depth not in (_UNREAD_DEPTH, node.depth):
            said = f"depth {node.declared_depth}, but it hangs at depth {node.depth}"
            notes.add(node.part.line, said)


def _set_depth(notes: Notes, node: Node) -> None:
    node.depth = 1 if node.parent is None else node.parent.depth + 1
    if node.depth > MAX_DEPTH:
        notes.add(node.part.line, f"hangs deeper than {MAX_DEPTH}; shown as outermost")
        node.parent, node.depth = None, 1


def _mark_assessable(notes: Notes, nodes: list[Node], line: int) -> None:
    """Where no node is marked as assessable, take those that hold no other."""
    if any(node.is_assessable for node in nodes) or not nodes:
        return
    notes.add(line, "no node is assessable; those that hold no other are taken as controls")
    holders = {id(node.parent) for node in nodes}
    for node in nodes:
        node.is_assessable = id(node) not in holders
