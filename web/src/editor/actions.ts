/** Everything that can be done to the graph, once: menus, palette, shortcuts sheet and keys are made from this list. */

import type { Alignment } from "../document/operations.ts";
import {
  addNote,
  align,
  distribute,
  frameItems,
  removeItems,
  resetInputs,
  setCollapsed,
  setColor,
  setMode,
  snap,
} from "../document/operations.ts";
import { isLinked } from "../document/wires.ts";
import type { Draft } from "../document/draft.ts";
import type { GraphNode, Mode } from "../document/types.ts";
import { duplicateItems } from "../files/clipboard.ts";
import { t } from "../strings/index.ts";
import { copySelected, pasteFromClipboard } from "./clipboard.ts";
import { arrangeAll, enterSelected, makeSubgraphOf, removeWire, unpackSelected } from "./graph_verbs.ts";
import { openSearch, startConnectMode } from "./keyboard.ts";
import { structureActions } from "./structure_actions.ts";
import type { Workspace } from "./workspace.ts";

export interface Action {
  readonly name: string;
  readonly label: string;
  readonly group: string;
  /** Combinations such as `Mod+Shift+L`; the first is the one that is shown. */
  readonly keys: readonly string[];
  readonly enabled: () => boolean;
  readonly run: () => void;
  /** The browser fires an event of its own for its keys, which needs no permission: they are left to it. */
  readonly native?: boolean;
}

const ALIGNMENTS: readonly Alignment[] = ["left", "center", "right", "top", "middle", "bottom"];
/** Colours that are told apart on dark and light ground. */
export const COLORS: readonly string[] = [
  "#b3545c",
  "#b5793a",
  "#8f8a2f",
  "#4f9150",
  "#2f8f92",
  "#4a7fc4",
  "#7a68c9",
  "#b0579f",
];
const DETAILED = 0.8;

/** The actions of a tab's editor, in the order in which a sheet lists them. */
export function editorActions(workspace: Workspace): Action[] {
  const { store, selection, view, specs, wire } = workspace;
  const action = (
    group: string,
    name: string,
    keys: readonly string[],
    run: () => void,
    enabled: () => boolean = () => true,
  ): Action => ({
    name: `${group}.${name}`,
    label: t(`action.${name}` as "action.undo"),
    group: t(`group.${group}` as "group.edit"),
    keys,
    enabled,
    run,
  });
  const nodes = (): GraphNode[] => [...selection.items].flatMap((id) => workspace.node(id) ?? []);
  const some = (): boolean => selection.items.size > 0;
  const someNodes = (): boolean => nodes().length > 0;
  const several = (): boolean => selection.items.size > 1;
  const edit = (name: string, change: (draft: Draft) => void) => (): void => {
    store.edit(t(`action.${name}` as "action.undo"), change);
    workspace.say(t("said.done", { action: t(`action.${name}` as "action.undo") }));
  };
  const turn = (mode: Mode): (() => void) => {
    return () => {
      const on = nodes().some((node) => node.mode !== mode);
      store.edit(t(on ? `action.${mode as "mute"}` : "action.run"), (draft) =>
        setMode(draft, selection.items, on ? mode : "run"),
      );
      workspace.say(t(`mode.${on ? mode : "run"}`));
    };
  };
  const tell = (key: "said.undone" | "said.redone", name: string | undefined): void => {
    selection.retain(store.graph());
    workspace.say(name === undefined ? t("said.nothing") : t(key, { step: name }));
  };
  const native = (own: Action): Action => ({ ...own, native: true });
  return [
    action(
      "edit",
      "undo",
      ["Mod+Z"],
      () => tell("said.undone", store.undo()),
      () => store.history.undo.length > 0,
    ),
    action(
      "edit",
      "redo",
      ["Mod+Shift+Z", "Mod+Y"],
      () => tell("said.redone", store.redo()),
      () => store.history.redo.length > 0,
    ),
    native(
      action(
        "edit",
        "cut",
        ["Mod+X"],
        () => {
          void copySelected(workspace);
          edit("cut", (draft) => removeItems(draft, selection.items))();
        },
        some,
      ),
    ),
    native(action("edit", "copy", ["Mod+C"], () => void copySelected(workspace), some)),
    native(action("edit", "paste", ["Mod+V"], () => void pasteFromClipboard(workspace, false))),
    native(action("edit", "paste_wired", ["Mod+Shift+V"], () => void pasteFromClipboard(workspace, true))),
    action(
      "edit",
      "duplicate",
      ["Mod+D"],
      () => {
        selection.set(
          store.edit(t("action.duplicate"), (draft) =>
            duplicateItems(draft, selection.items, { keepOuterWires: true }),
          ),
        );
      },
      some,
    ),
    action(
      "edit",
      "delete",
      ["Delete", "Backspace"],
      () => {
        if (wire.get() !== null && !some()) return removeWire(workspace);
        edit("delete", (draft) => removeItems(draft, selection.items))();
        selection.retain(store.graph());
      },
      () => some() || wire.get() !== null,
    ),
    action("edit", "select_all", ["Mod+A"], () => selection.set(workspace.items())),

    action("node", "add", ["/", "Shift+A"], () => openSearch(workspace)),
    action(
      "node",
      "connect",
      ["C"],
      () => startConnectMode(workspace),
      () => workspace.focused.get() !== null || some(),
    ),
    action("node", "rename", ["F2"], () => workspace.renaming.set([...selection.items][0] ?? null), some),
    action(
      "node",
      "collapse",
      ["Alt+C"],
      () => {
        const collapsed = nodes().some((node) => !node.collapsed);
        store.edit(t(collapsed ? "step.collapse" : "step.open"), (draft) =>
          setCollapsed(draft, selection.items, collapsed),
        );
      },
      someNodes,
    ),
    action("node", "mute", ["M", "Mod+M"], turn("mute"), someNodes),
    action("node", "bypass", ["B", "Mod+B"], turn("bypass"), someNodes),
    action(
      "node",
      "reset",
      [],
      edit("reset", (draft) => {
        for (const node of nodes())
          resetInputs(draft, node.id, workspace.spec(node), (source) => workspace.services.choices.get(source));
      }),
      someNodes,
    ),
    action(
      "node",
      "uncolor",
      [],
      edit("uncolor", (draft) => setColor(draft, selection.items, undefined)),
      some,
    ),
    action(
      "node",
      "disconnect",
      [],
      edit("disconnect", (draft) => {
        for (const node of nodes()) {
          const kept = Object.entries(node.inputs).filter(([input]) => !isLinked(node, input));
          draft.graph.setNode({ ...node, inputs: Object.fromEntries(kept) });
        }
      }),
      someNodes,
    ),

    action(
      "group",
      "frame",
      ["Mod+G"],
      () => {
        const id = store.edit(t("action.frame"), (draft) => frameItems(draft, specs, selection.items, t("frame.new")));
        if (id === undefined) return;
        selection.set([id]);
        workspace.renaming.set(id);
      },
      some,
    ),
    action("group", "note", ["Shift+N"], () => {
      selection.set([store.edit(t("action.note"), (draft) => addNote(draft, view.middle))]);
    }),
    action("group", "subgraph", ["Mod+Shift+G"], () => makeSubgraphOf(workspace), someNodes),
    action(
      "group",
      "unpack",
      [],
      () => unpackSelected(workspace),
      () => nodes().some(({ type }) => type.startsWith("subgraph:")),
    ),
    action(
      "group",
      "enter",
      ["Mod+ArrowDown"],
      () => enterSelected(workspace),
      () => nodes().some(({ type }) => store.document.definitions.has(type.slice("subgraph:".length))),
    ),
    action(
      "group",
      "leave",
      ["Mod+ArrowUp"],
      () => store.leave(),
      () => store.trail.length > 0,
    ),

    ...structureActions(workspace),

    ...ALIGNMENTS.map((kind) =>
      action(
        "arrange",
        `align_${kind}`,
        [],
        edit(`align_${kind}`, (draft) => align(draft, specs, selection.items, kind)),
        several,
      ),
    ),
    action(
      "arrange",
      "distribute_across",
      [],
      edit("distribute_across", (draft) => distribute(draft, specs, selection.items, "horizontal")),
      several,
    ),
    action(
      "arrange",
      "distribute_down",
      [],
      edit("distribute_down", (draft) => distribute(draft, specs, selection.items, "vertical")),
      several,
    ),
    action("arrange", "layout", ["Shift+L"], () => void arrangeAll(workspace)),
    action(
      "arrange",
      "snap",
      [],
      edit("snap", (draft) => snap(draft, some() ? selection.items : workspace.items())),
    ),

    action("view", "fit", ["F", "."], () => {
      const rect = workspace.boundsOf(some() ? selection.items : undefined);
      if (rect !== null) view.fit(rect);
    }),
    action("view", "fit_all", ["Shift+F"], () => {
      const rect = workspace.boundsOf();
      if (rect !== null) view.fit(rect);
    }),
    action("view", "zoom_in", ["+", "="], () => view.zoomBy(1.25)),
    action("view", "zoom_out", ["-"], () => view.zoomBy(0.8)),
    action("view", "zoom_full", ["0"], () => view.center(view.middle, view.zoom === 1 ? DETAILED : 1)),
    action("view", "find", ["Mod+F"], () =>
      workspace.overlay.set({ kind: "find", at: { x: innerWidth / 2 - 160, y: 96 } }),
    ),
    action("view", "minimap", ["Shift+M"], () => {
      const preferences = workspace.services.preferences;
      preferences.set({ ...preferences.get(), minimap: !preferences.get().minimap });
    }),
  ];
}
