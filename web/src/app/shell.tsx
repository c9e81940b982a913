import type { ReactElement } from "react";
import { useEffect, useMemo } from "react";

import { editorActions, type Action } from "../editor/actions.ts";
import { Editor } from "../editor/editor.tsx";
import { FormView } from "../panels/form.tsx";
import { HelpCard } from "../panels/help_card.tsx";
import { PictureDialog } from "../panels/picture_dialog.tsx";
import { SearchPopover } from "../panels/search.tsx";
import { t } from "../strings/index.ts";
import { useStudio, useTab } from "../studio/context.ts";
import { useTopic } from "../studio/topic.ts";
import { pageActions } from "./actions.ts";
import { DropTarget } from "./dropping.tsx";
import { FailureBoundary } from "./failure.tsx";
import { Header } from "./header.tsx";
import { listenForKeys } from "./keys.ts";
import { NoticeList } from "./notices.tsx";
import { Side } from "./rail.tsx";
import { StatusBar } from "./status_bar.tsx";
import { Windows } from "./windows.tsx";

const NONE: readonly Action[] = [];

/** The page: header, what is open, panels at the side, and what lies above it all. */
export function Shell(): ReactElement {
  const studio = useStudio();
  const tab = useTab();
  const view = useTopic(tab.view);
  const page = useMemo(() => pageActions(studio), [studio]);
  const graph = useMemo(() => (view === "graph" ? editorActions(tab.workspace) : NONE), [tab, view]);
  const actions = useMemo(() => new Map([...page, ...graph].map((action) => [action.name, action])), [page, graph]);
  useEffect(() => listenForKeys(page, graph), [page, graph]);
  return (
    <div className="shell" data-view={view}>
      <Header actions={actions} />
      <main className="stage" id="stage">
        <h1 className="unseen">{t("app.heading")}</h1>
        <FailureBoundary key={`${tab.id} ${view}`}>
          {view === "graph" ? <Editor workspace={tab.workspace} /> : <FormView />}
        </FailureBoundary>
      </main>
      <Side />
      <StatusBar />
      <Search />
      <Pictures />
      <HelpCard />
      <Windows actions={actions} />
      <NoticeList />
      <DropTarget />
    </div>
  );
}

function Search(): ReactElement | null {
  const studio = useStudio();
  const tab = useTab();
  const search = useTopic(studio.search);
  if (search === null) return null;
  return <SearchPopover search={search} specs={tab.workspace.specs} onClose={() => studio.search.set(null)} />;
}

/** Pictures of a node, looked at closely. */
function Pictures(): ReactElement | null {
  const studio = useStudio();
  const tab = useTab();
  const shown = useTopic(studio.pictures);
  const job = useTopic(tab.run)?.job;
  if (shown === null || job === undefined) return null;
  const { artifacts, index } = shown;
  const pictures = artifacts.map((artifact) => ({ job, artifact }));
  return (
    <PictureDialog
      pictures={pictures}
      at={pictures[Math.min(index, pictures.length - 1)]!}
      onShow={({ artifact }) => studio.pictures.set({ artifacts, index: artifacts.indexOf(artifact) })}
      onClose={() => studio.pictures.set(null)}
    />
  );
}
