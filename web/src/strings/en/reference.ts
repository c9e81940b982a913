/** What people look up: help on a node with examples, wires by name, earlier versions of a workflow. */

export const reference = {
  "help.node": "Help on the node",
  "help.about": "Help: {node}",
  "help.examples": "Examples that use it",
  "help.open": "Open the example “{title}”",
  "help.all": "All examples…",
  "help.no_example": "No example uses it.",
  "help.loading": "Looking for examples…",
  "help.failed": "The examples could not be read: {reason}",

  "wire.label": "{output} of {from} to {input} of {to}",

  "versions.title": "Earlier versions",
  "versions.menu": "Earlier versions…",
  "versions.saved": "Saved as {name}",
  "versions.draft": "Kept while you worked",
  "versions.none": "There is no earlier version of this workflow yet.",
  "versions.loading": "Reading earlier versions…",
  "versions.number": "Version {number}",
  "versions.hint": "Each opens in a new tab; what is open stays as it is.",
  "versions.nodes": { one: "{count} node", other: "{count} nodes" },
  "versions.more": { one: "{count} more than before", other: "{count} more than before" },
  "versions.fewer": { one: "{count} fewer than before", other: "{count} fewer than before" },
  "versions.same": "as many as before",
  "versions.unreadable": "not a workflow of this editor",
  "versions.older": "Show older ones",
  "versions.tab": "{title} ({time})",
} as const;
