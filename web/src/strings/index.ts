/** Every visible text, by key, in the language that was chosen: `t("queue.pause")`, `t("queue.waiting", { count: 3 })`. */

import { en } from "./en.ts";

export type Key = keyof typeof en;
/** A text with `{name}` where a value goes; two forms where a `count` decides. */
export type Text = string | { readonly one: string; readonly other: string };
/** The same texts in another language. */
export type Translated<Part> = { readonly [K in keyof Part]: Text };
export type Texts = Readonly<Record<Key, Text>>;
export type Language = "en" | "zh";

export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", zh: "中文" };

let current: { language: Language; texts: Texts; plurals: Intl.PluralRules } = {
  language: "en",
  texts: en,
  plurals: new Intl.PluralRules("en"),
};

/** The text of a key, with its values filled in. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  const text: Text = current.texts[key];
  const form =
    typeof text === "string" ? text : text[current.plurals.select(Number(values["count"])) === "one" ? "one" : "other"];
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Whether there is such a text; keys made from what the server says are looked up with this first. */
export function isKey(key: string): key is Key {
  return Object.hasOwn(en, key);
}

export function language(): Language {
  return current.language;
}

/** Use a language from now on; texts other than English are fetched when they are first asked for. */
export async function setLanguage(next: Language): Promise<void> {
  const texts: Texts = next === "zh" ? (await import("./zh.ts")).zh : en;
  current = { language: next, texts, plurals: new Intl.PluralRules(next) };
}

/** The language that the reader's browser asks for, of those there are. */
export function preferredLanguage(asked: readonly string[]): Language {
  const known = asked.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => Object.hasOwn(LANGUAGES, tag));
  return (known as Language | undefined) ?? "en";
}
