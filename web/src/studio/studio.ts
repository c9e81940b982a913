/** Everything that is open: tabs, runs, the node list, settings. What panels and actions work on. */

import { address, pathOf } from "../api/client.ts";
import { choices, drafts, upload } from "../api/routes.ts";
import { RunStore } from "../api/runs.ts";
import type { Artifact, NodeList } from "../api/types.ts";
import { NodeSpecs } from "../document/specs.ts";
import type { NodeId, WorkflowDocument } from "../document/types.ts";
import { ChoiceLists } from "../editor/choice_lists.ts";
import type { Place as OnPage } from "../editor/popover.tsx";
import { Topic } from "../editor/topic.ts";
import type { Preferences, Search, Services } from "../editor/workspace.ts";
import { openDocument } from "../files/open.ts";
import { t } from "../strings/index.ts";
import { freshId } from "./fresh_id.ts";
import { keepChecked } from "./checking.ts";
import { DraftKeeper } from "./drafts.ts";
import { Examples } from "./examples.ts";
import { Notices } from "./notices.ts";
import { Runner, show, type RunOptions } from "./running.ts";
import { noteSession } from "./session.ts";
import type { SettingsStore } from "./settings.ts";
import { Tab, type Place } from "./tab.ts";
import { troublesOf } from "./troubles.ts";

export type Window = "palette" | "shortcuts" | "settings" | "templates" | "versions" | "save";

/** Help on a node, and where on the page. */
export interface Help {
  readonly node: NodeId;
  readonly at: OnPage;
  /** It shows because the pointer rests on the title; it goes when that leaves. */
  readonly resting: boolean;
}

const THUMBNAIL = 256;
const EMPTY: WorkflowDocument = {
  title: "",
  graph: { nodes: new Map(), frames: new Map(), notes: new Map() },
  definitions: new Map(),
  inputs: [],
  outputs: [],
  rest: {},
};

export class Studio {
  readonly runs = new RunStore();
  readonly notices = new Notices();
  readonly runner = new Runner(this.runs, this.notices, clientId());
  readonly specs: NodeSpecs;
  readonly tabs = new Topic<readonly Tab[]>([]);
  readonly current: Topic<Tab>;
  readonly window = new Topic<Window | null>(null);
  /** The search for a node type that is open. */
  readonly search = new Topic<Search | null>(null);
  /** The node that help is shown on. */
  readonly help = new Topic<Help | null>(null);
  readonly examples = new Examples();
  /** Pictures of a node that are looked at closely. */
  readonly pictures = new Topic<{ readonly artifacts: readonly Artifact[]; readonly index: number } | null>(null);
  readonly services: Services;
  private readonly kept = new Map<Tab, { readonly keeper: DraftKeeper; readonly stop: () => void }>();

  constructor(
    readonly settings: SettingsStore,
    list: NodeList,
  ) {
    this.specs = new NodeSpecs(list.nodes);
    this.services = this.servicesOf(list);
    this.current = new Topic(this.tab(EMPTY));
    this.tabs.subscribe(() => this.note());
    this.current.subscribe(() => this.note());
    this.runs.subscribe(() => this.tabs.get().forEach((tab) => show(tab, this.runs)));
  }

  /** A tab for a document; it is not open yet. */
  tab(document: WorkflowDocument, place?: Place): Tab {
    return new Tab(document, this.specs, this.services, place);
  }

  /** Open tabs beside those that are open, and show one of them. */
  add(tab: Tab, ...further: readonly Tab[]): void {
    const opened = [tab, ...further];
    opened.forEach((each) => this.keep(each));
    this.tabs.set([...this.tabs.get(), ...opened]);
    this.show(tab);
  }

  addEmpty(): void {
    this.add(this.tab({ ...EMPTY, title: t("tab.untitled") }));
  }

  show(tab: Tab): void {
    this.current.set(tab);
  }

  /** Close a tab; its draft stays on the server. */
  async close(tab: Tab): Promise<void> {
    await this.kept.get(tab)?.keeper.flush();
    this.release(tab);
    const open = this.tabs.get();
    const rest = open.filter((each) => each !== tab);
    if (rest.length === 0) this.addEmpty();
    else if (this.current.get() === tab) this.show(rest[Math.min(open.indexOf(tab), rest.length - 1)]!);
    this.tabs.set(this.tabs.get().filter((each) => each !== tab));
  }

  /** Put the shown tab's document into the queue, as many times as is set. */
  async run(options: RunOptions = {}): Promise<void> {
    await this.runner.submit(this.current.get(), { count: this.settings.get().batch, ...options });
    this.note();
  }

  keeper(tab: Tab): DraftKeeper | undefined {
    return this.kept.get(tab)?.keeper;
  }

  /** Take the draft as another window wrote it, instead of what is open here. */
  async reload(tab: Tab): Promise<void> {
    const { document, revision } = await drafts.get(tab.id);
    const again = this.tab(await openDocument(document, this.specs), { id: tab.id, revision });
    again.jobs.push(...tab.jobs);
    again.saved.set(tab.saved.get());
    this.release(tab);
    this.keep(again);
    this.tabs.set(this.tabs.get().map((open) => (open === tab ? again : open)));
    if (this.current.get() === tab) this.show(again);
  }

  /** The page goes. */
  leave(): void {
    this.kept.forEach(({ keeper }) => keeper.leave());
    this.note();
  }

  private keep(tab: Tab): void {
    const keeper = new DraftKeeper(tab);
    const tell = (): void => {
      tab.workspace.runs.show(tab.run.get());
      tab.workspace.runs.showProblems(troublesOf(tab.problems.get(), tab.run.get()));
    };
    const stops = [keepChecked(tab), tab.problems.subscribe(tell), tab.run.subscribe(tell), () => keeper.stop()];
    this.kept.set(tab, { keeper, stop: () => stops.forEach((stop) => stop()) });
    show(tab, this.runs);
    tell();
    void keeper.flush();
  }

  private release(tab: Tab): void {
    this.kept.get(tab)?.stop();
    this.kept.delete(tab);
  }

  private note(): void {
    if (this.tabs.get().length > 0) noteSession(this.tabs.get(), this.current.get());
  }

  private servicesOf(list: NodeList): Services {
    const preferences = new Topic<Preferences>(this.settings.get());
    this.settings.subscribe(() => preferences.set(this.settings.get()));
    return {
      choices: new ChoiceLists(list.choices, choices),
      preferences,
      inputPicture: (name) => inputAddress(name, THUMBNAIL),
      inputFile: (name) => inputAddress(name),
      upload: async (file, name) => (await upload(file, name)).name,
      search: (search) => this.search.set(search),
      showPicture: (artifacts, index) => this.pictures.set({ artifacts, index }),
      fail: (sentence) => this.notices.tell("error", sentence),
    };
  }
}

/** The address of a file of the input folder, or of a small copy of it. */
function inputAddress(name: string, preview?: number): string {
  return address(`/folders/input/${pathOf(name)}`, { preview });
}

/** Who asks, so that the queue lets several people take turns. */
function clientId(): string {
  const known = localStorage.getItem("patchbay.client");
  if (known !== null) return known;
  const fresh = `editor-${freshId().slice(0, 8)}`;
  localStorage.setItem("patchbay.client", fresh);
  return fresh;
}
