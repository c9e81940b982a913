/** What can be done to the page as a whole; with the editor's own actions it makes menu, palette, sheet and keys. */

import type { Action } from "../editor/actions.ts";
import { openHelp } from "../panels/help_card.tsx";
import { t } from "../strings/index.ts";
import { explain } from "../studio/explaining.ts";
import { guarded, openFiles, openText } from "../studio/opening.ts";
import { exportPng, exportSvg } from "../studio/graph_pictures.ts";
import { nodeTitle, reveal } from "../studio/places.ts";
import { exportApi, exportDocument, saveAs } from "../studio/saving.ts";
import type { Drawer } from "../studio/settings.ts";
import type { Studio } from "../studio/studio.ts";
import { troublesOf } from "../studio/troubles.ts";

const DRAWERS: readonly Drawer[] = ["gallery", "queue", "inspector", "problems", "models", "interface"];
const ACCEPTED = ".json,.png,.jpg,.jpeg,.webp,.txt";

/** The page's own actions, by name. */
export function pageActions(studio: Studio): Action[] {
  const tab = (): ReturnType<typeof studio.current.get> => studio.current.get();
  const always = (): boolean => true;
  const action = (
    name: string,
    label: string,
    group: string,
    keys: readonly string[],
    run: () => void,
    enabled = always,
  ): Action => ({ name, label, group, keys, run, enabled });
  const save = (): void => {
    const saved = tab().saved.get();
    if (saved === null) studio.window.set("save");
    else void saveAs(studio, tab(), saved.name);
  };
  return [
    action("run.run", t("run.run"), t("group.run"), ["Mod+Enter"], () => void studio.run()),
    action("run.front", t("run.front"), t("group.run"), ["Mod+Shift+Enter"], () => void studio.run({ front: true })),
    action(
      "run.to_here",
      t("run.to_here"),
      t("group.run"),
      ["Mod+Alt+Enter"],
      () => void studio.run({ targets: selected(studio) }),
      () => selected(studio).length > 0,
    ),
    action(
      "run.cancel",
      t("run.cancel"),
      t("group.run"),
      ["Mod+."],
      () => void guarded(studio, () => studio.runner.cancel(tab())),
    ),
    action("run.explain", t("run.explain"), t("group.run"), ["Alt+E"], () => void explain(studio, tab())),
    action("file.new", t("file.new"), t("group.file"), ["Alt+N"], () => studio.addEmpty()),
    action("file.open", t("file.open"), t("group.file"), ["Mod+O"], () => askForFiles(studio)),
    action("file.paste", t("file.paste"), t("group.file"), [], () => void pasteText(studio)),
    action("file.templates", t("file.templates"), t("group.file"), ["Alt+T"], () => studio.window.set("templates")),
    action("file.save", t("file.save"), t("group.file"), ["Mod+S"], save),
    action("file.save_as", t("file.save_as"), t("group.file"), ["Mod+Shift+S"], () => studio.window.set("save")),
    action("file.versions", t("versions.menu"), t("group.file"), [], () => studio.window.set("versions")),
    action("file.export", t("file.export"), t("group.file"), [], () => exportDocument(tab())),
    action("file.export_api", t("file.export_api"), t("group.file"), [], () => void exportApi(studio, tab())),
    action("file.export_svg", t("file.export_svg"), t("group.file"), [], () => exportSvg(tab())),
    action("file.export_png", t("file.export_png"), t("group.file"), [], () => void exportPng(studio, tab())),
    action("file.close", t("file.close"), t("group.file"), ["Alt+W"], () => void studio.close(tab())),
    action("app.palette", t("palette.title"), t("group.app"), ["Mod+K", "F1"], () => studio.window.set("palette")),
    action("app.shortcuts", t("shortcuts.title"), t("group.app"), ["?"], () => studio.window.set("shortcuts")),
    action(
      "app.help",
      t("help.node"),
      t("group.app"),
      ["Shift+F1"],
      () => openHelp(studio, helped(studio)!),
      () => helped(studio) !== undefined,
    ),
    action("app.settings", t("settings.title"), t("group.app"), ["Mod+,"], () => studio.window.set("settings")),
    action("app.view", t("view.toggle"), t("group.app"), ["Alt+V"], () =>
      tab().view.set(tab().view.get() === "graph" ? "form" : "graph"),
    ),
    action("problems.next", t("problems.next"), t("group.app"), ["F8"], () => nextProblem(studio)),
    ...DRAWERS.map((name, index) =>
      action(
        `drawer.${name}`,
        t("drawer.show", { name: t(`drawer.${name}`) }),
        t("group.app"),
        [`Alt+${index + 1}`],
        () => {
          const open = studio.settings.get().drawer;
          studio.settings.change({ drawer: open === name ? null : name });
        },
      ),
    ),
  ];
}

/** The selected nodes as jobs call them. */
function selected(studio: Studio): string[] {
  const tab = studio.current.get();
  return [...tab.selection.items].filter((id) => tab.store.graph().nodes.has(id)).map((id) => tab.runId(id));
}

/** The node that the keyboard is at, or the first that is selected. */
function helped(studio: Studio): string | undefined {
  const { workspace, selection, view } = studio.current.get();
  if (view.get() !== "graph") return undefined;
  return [workspace.focused.get() ?? "", ...selection.items].find((id) => workspace.node(id) !== undefined);
}

function askForFiles(studio: Studio): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = ACCEPTED;
  input.onchange = () => void openFiles(studio, input.files ?? []);
  input.click();
}

async function pasteText(studio: Studio): Promise<void> {
  await openText(studio, await navigator.clipboard.readText());
}

/** Go to the problem after the one that was shown last. */
function nextProblem(studio: Studio): void {
  const tab = studio.current.get();
  const troubles = troublesOf(tab.problems.get(), tab.run.get()).filter(({ node }) => node !== null);
  if (troubles.length === 0) return studio.notices.tell("done", t("problems.none"));
  tab.troubleAt = (tab.troubleAt + 1) % troubles.length;
  const problem = troubles[tab.troubleAt]!;
  reveal(studio, tab, problem);
  tab.workspace.say(`${nodeTitle(tab, problem.node!)}: ${problem.message}`);
}
