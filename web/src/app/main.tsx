import { StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";

import "@xyflow/react/dist/base.css";
import "../styles/base.css";
import "../styles/controls.css";
import "../styles/panels.css";
import "../styles/app.css";
import "../styles/editor.css";
import "../styles/interface.css";
import "../styles/reference.css";
import { ApiError } from "../api/client.ts";
import { nodes } from "../api/routes.ts";
import { setLanguage, t } from "../strings/index.ts";
import { StudioContext } from "../studio/context.ts";
import { openTemplate } from "../studio/opening.ts";
import { restoreSession } from "../studio/session.ts";
import { applySettings, languageOf, SettingsStore } from "../studio/settings.ts";
import { Studio } from "../studio/studio.ts";
import { Shell } from "./shell.tsx";

const DEMO = "demo";
const AGAIN = 2000;

const settings = new SettingsStore();
const root = createRoot(document.getElementById("root")!);
let unapply = applySettings(settings.get(), document.documentElement);
await setLanguage(languageOf(settings.get()));
await begin();

/** Ask the server for what is needed, and show the page; until it answers, say so and ask again. */
async function begin(): Promise<void> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      root.render(<Waiting message={error.offline ? t("server.unreachable") : error.message} />);
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

async function start(): Promise<void> {
  const studio = new Studio(settings, await nodes());
  const { tabs, current } = await restoreSession(studio);
  if (tabs.length > 0) {
    studio.add(tabs[0]!, ...tabs.slice(1));
    studio.show(current ?? tabs[0]!);
  } else await openTemplate(studio, DEMO);
  if (studio.tabs.get().length === 0) studio.addEmpty();
  if (isNarrow()) beNarrow(studio);
  studio.runs.start();
  studio.runs.watchPreviews(settings.get().previews);
  const recalled = studio.tabs.get().flatMap(({ jobs }) => jobs);
  void Promise.allSettled(recalled.map((id) => studio.runs.fetch(id)));
  addEventListener("pagehide", () => studio.leave());
  render(root, studio);
  let { language, previews } = settings.get();
  settings.subscribe(() => {
    const next = settings.get();
    unapply();
    unapply = applySettings(next, document.documentElement);
    if (next.previews !== previews) studio.runs.watchPreviews(next.previews);
    if (next.language !== language) void setLanguage(languageOf(next)).then(() => render(root, studio));
    ({ language, previews } = next);
  });
}

/** The whole page anew: in another language every text is another one. */
function render(into: Root, studio: Studio): void {
  into.render(
    <StrictMode>
      <StudioContext value={studio}>
        <Shell key={languageOf(settings.get())} />
      </StudioContext>
    </StrictMode>,
  );
}

function Waiting({ message }: { readonly message: string }): React.ReactElement {
  return (
    <main className="waiting">
      <h1>Patchbay</h1>
      <p role="status">{message}</p>
    </main>
  );
}

/** A phone begins with the form, and with no panel over it. */
function beNarrow(studio: Studio): void {
  studio.tabs.get().forEach((tab) => tab.view.set("form"));
  settings.change({ drawer: null });
}

function isNarrow(): boolean {
  return matchMedia("(max-width: 720px)").matches;
}
