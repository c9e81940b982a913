import type { ReactElement, ReactNode } from "react";
import { useMemo } from "react";

import type { NodeSpecs } from "../document/specs.ts";
import type { NodeSpec } from "../document/types.ts";
import { Popover } from "../editor/popover.tsx";
import { lookOf, SHAPES, socketColor } from "../editor/sockets.ts";
import type { Search } from "../editor/workspace.ts";
import { t } from "../strings/index.ts";
import { Picker } from "./picker.tsx";

const KEY = "patchbay.recent";
const MOST_RECENT = 8;

/** Finds a node type by a few letters; where a wire asks for it, only those that fit. */
export function SearchPopover({
  search,
  specs,
  onClose,
}: {
  readonly search: Search;
  readonly specs: NodeSpecs;
  readonly onClose: () => void;
}): ReactElement {
  const recent = useMemo(readRecent, []);
  const { wanted } = search;
  const socket = wanted.from?.socket ?? wanted.to?.socket;
  return (
    <Popover at={search.at} label={t("search.title")} className="search-popover" onClose={onClose}>
      {socket !== undefined && (
        <p className="search-filter">
          <SocketMark socket={socket} />
          {t(wanted.from === undefined ? "search.giving" : "search.taking", { socket })}
        </p>
      )}
      <Picker<NodeSpec>
        label={t("search.title")}
        placeholder={t("search.placeholder")}
        search={(query) =>
          query === "" ? shelved(specs.search("", wanted), recent) : specs.search(query, wanted, recent)
        }
        keyOf={({ name }) => name}
        headingOf={(spec, query) =>
          query !== "" ? null : recent.includes(spec.name) ? t("search.recent") : spec.category
        }
        row={(spec) => (
          <>
            <span className="search-name">{spec.title}</span>
            <small>{spec.category}</small>
          </>
        )}
        aside={(spec) => <SpecSummary spec={spec} />}
        empty={t("search.none")}
        onChoose={(spec) => {
          localStorage.setItem(
            KEY,
            JSON.stringify([spec.name, ...recent.filter((name) => name !== spec.name)].slice(0, MOST_RECENT)),
          );
          onClose();
          search.choose(spec);
        }}
      />
    </Popover>
  );
}

/** All types to look through: those used lately, then by category. */
function shelved(found: readonly NodeSpec[], recent: readonly string[]): readonly NodeSpec[] {
  const rank = ({ name }: NodeSpec): number => (recent.includes(name) ? recent.indexOf(name) : recent.length);
  const depth = ({ category }: NodeSpec): number => (category.startsWith("advanced") ? 1 : 0);
  return found.toSorted((a, b) => rank(a) - rank(b) || depth(a) - depth(b) || a.category.localeCompare(b.category));
}

/** What a node type is for, what else there is to say of it, what it takes and what it gives. */
export function SpecSummary({
  spec,
  children,
}: {
  readonly spec: NodeSpec;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <div className="spec">
      <strong>{spec.title}</strong>
      <p>{spec.description}</p>
      {children}
      <Sockets label={t("spec.inputs")} sockets={spec.inputs} />
      <Sockets label={t("spec.outputs")} sockets={spec.outputs} />
    </div>
  );
}

function Sockets({
  label,
  sockets,
}: {
  readonly label: string;
  readonly sockets: readonly { readonly name: string; readonly socket: string; readonly tip?: string }[];
}): ReactElement | null {
  if (sockets.length === 0) return null;
  return (
    <section>
      <p className="spec-part">{label}</p>
      <ul>
        {sockets.map(({ name, socket, tip }) => (
          <li key={name}>
            <SocketMark socket={socket} />
            <span>{name.replaceAll("_", " ")}</span>
            {tip !== undefined && tip !== "" && <small>{tip}</small>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A socket's shape in its color. */
export function SocketMark({ socket }: { readonly socket: string }): ReactElement {
  return (
    <svg className="socket-mark" viewBox="0 0 12 12" aria-hidden="true" style={{ fill: socketColor(socket) }}>
      <path d={SHAPES[lookOf(socket).shape]} />
    </svg>
  );
}

function readRecent(): readonly string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}
