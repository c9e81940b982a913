/** What a person set for this browser; kept in its storage, applied to the page's root element. */

import { LANGUAGES, preferredLanguage, type Language } from "../strings/index.ts";
import { Topic } from "../editor/topic.ts";

export type Drawer = "gallery" | "queue" | "inspector" | "problems" | "models" | "interface";

export interface Settings {
  readonly theme: "system" | "dark" | "light";
  readonly contrast: "system" | "more";
  readonly motion: "system" | "less";
  readonly language: "system" | Language;
  readonly snap: boolean;
  readonly wheel: "zoom" | "pan";
  readonly minimap: boolean;
  readonly previews: boolean;
  /** Pictures of one press of the button. */
  readonly batch: number;
  readonly drawer: Drawer | null;
}

export const DEFAULTS: Settings = {
  theme: "system",
  contrast: "system",
  motion: "system",
  language: "system",
  snap: true,
  wheel: "zoom",
  minimap: true,
  previews: true,
  batch: 1,
  drawer: null,
};

const KEY = "patchbay.settings";

export class SettingsStore extends Topic<Settings> {
  constructor(private readonly storage: Pick<Storage, "getItem" | "setItem"> = localStorage) {
    super(readSettings(storage.getItem(KEY)));
  }

  change(members: Partial<Settings>): void {
    this.set({ ...this.get(), ...members });
    this.storage.setItem(KEY, JSON.stringify(this.get()));
  }
}

/** Settings from text: what is missing or makes no sense has its default. */
export function readSettings(text: string | null): Settings {
  const found = parsed(text);
  const known = Object.entries(DEFAULTS).map(([name, standard]) => {
    const value = found[name];
    const fits = standard === null || typeof value === typeof standard || (name === "drawer" && value === null);
    return [name, value !== undefined && fits ? value : standard];
  });
  const settings = Object.fromEntries(known) as unknown as Settings;
  return settings.language === "system" || settings.language in LANGUAGES
    ? settings
    : { ...settings, language: "system" };
}

function parsed(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function languageOf(settings: Settings): Language {
  return settings.language === "system" ? preferredLanguage(navigator.languages) : settings.language;
}

/** Put theme, contrast and motion on the page; what is left to the system follows it. Returns how to stop following. */
export function applySettings(settings: Settings, root: HTMLElement): () => void {
  const light = matchMedia("(prefers-color-scheme: light)");
  const contrast = matchMedia("(prefers-contrast: more)");
  const apply = (): void => {
    root.dataset["theme"] = settings.theme === "system" ? (light.matches ? "light" : "dark") : settings.theme;
    root.dataset["contrast"] = settings.contrast === "more" || contrast.matches ? "more" : "normal";
    root.dataset["motion"] = settings.motion === "less" ? "less" : "normal";
    root.lang = languageOf(settings);
  };
  apply();
  light.addEventListener("change", apply);
  contrast.addEventListener("change", apply);
  return () => {
    light.removeEventListener("change", apply);
    contrast.removeEventListener("change", apply);
  };
}
