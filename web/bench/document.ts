/** What a large document costs: opening, edits, undo, looking, and memory. Times are CPU milliseconds, medians of edits. */

import { problemsIn } from "../src/document/check.ts";
import { parseJson, writeJson } from "../src/document/json.ts";
import { layOut } from "../src/document/layout.ts";
import * as operations from "../src/document/operations.ts";
import { indexNodes } from "../src/document/places.ts";
import { DocumentStore } from "../src/document/store.ts";
import type { Members } from "../src/document/types.ts";
import { copyItems } from "../src/files/clipboard.ts";
import { openDocument } from "../src/files/open.ts";
import { writeDocument } from "../src/files/patchbay.ts";
import { SPECS } from "../test/document/specimens.ts";

const ROUNDS = 200;

/** Chains of loader, prompts, sampler, decoder and picture, as many as there is room for. */
function largeFile(count: number, placed: boolean): Members {
  const nodes: [string, Members][] = [];
  const places: [string, Members][] = [];
  const add = (class_type: string, inputs: Members): string => {
    const id = String(nodes.length + 1);
    nodes.push([id, { class_type, inputs }]);
    places.push([id, { x: (nodes.length % 70) * 320, y: Math.floor(nodes.length / 70) * 420 }]);
    return id;
  };
  while (nodes.length + 7 <= count) {
    const model = add("Load", { ckpt_name: "model.safetensors" });
    const good = add("Encode", { clip: [model, 1], text: "a red house on a meadow at sunset, sharp, detailed" });
    const bad = add("Encode", { clip: [model, 1], text: "" });
    const latent = add("Empty", { width: 64 });
    const inputs = { model: [model, 0], positive: [good, 0], negative: [bad, 0], latent: [latent, 0] };
    const sampled = add("Sample", { ...inputs, seed: 18446744073709551615n, steps: 20, cfg: 7.5 });
    const picture = add("Decode", { samples: [sampled, 0], vae: [model, 2] });
    add("Save", { images: [picture, 0], prefix: "large" });
  }
  const layout = placed ? { layout: { nodes: Object.fromEntries(places) } } : {};
  return { format: "patchbay/1", nodes: Object.fromEntries(nodes), ...layout };
}

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The CPU time of something, in milliseconds. */
async function cost<Result>(work: () => Result | Promise<Result>): Promise<[Result, number]> {
  const start = cpu();
  const result = await work();
  return [result, Math.round((cpu() - start) * 10) / 10];
}

/** The wall time of short work, as `process.cpuUsage` is too coarse for it: the median in milliseconds. */
function median(work: (round: number) => void): number {
  const times = Array.from({ length: ROUNDS }, (_, round) => {
    const start = performance.now();
    work(round);
    return performance.now() - start;
  });
  return Math.round(times.sort((a, b) => a - b)[ROUNDS / 2]! * 1000) / 1000;
}

function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

/** The heap of one document in its store, in megabytes: the mean of a few, as the collector keeps no exact books. */
async function memory(text: string): Promise<number> {
  const before = heap();
  const stores: DocumentStore[] = [];
  while (stores.length < 5) stores.push(new DocumentStore(await openDocument(parseJson(text), SPECS)));
  return (heap() - before) / stores.length;
}

export async function measure(count: number): Promise<Record<string, number>> {
  const text = writeJson(largeFile(count, true));
  const bare = largeFile(count, false);
  await openDocument(parseJson(writeJson(largeFile(70, true))), SPECS);
  const megabytes = await memory(text);
  const [store, opening] = await cost(async () => new DocumentStore(await openDocument(parseJson(text), SPECS)));
  const specs = SPECS.with(store.document.definitions);
  const [{ grid }, indexing] = await cost(() => indexNodes(store, specs, ""));
  const ids = [...store.graph().nodes.keys()];
  const id = (round: number): string => ids[(round * 7919) % ids.length]!;
  const edit = median((round) =>
    store.edit("write", (draft) => operations.setInput(draft, id(round), "text", `words ${round}`)),
  );
  const undo = median(() => store.undo());
  const redo = median(() => store.redo());
  store.begin("move");
  const some = ids.slice(0, 20);
  const drag = median(() => store.edit("", (draft) => operations.moveItems(draft, some, { x: 1, y: 1 })));
  store.commit();
  const remove = median((round) => store.edit("remove", (draft) => operations.removeItems(draft, [id(round)])));
  const restore = median(() => store.undo());
  const near = median((round) => grid.near({ x: round * 90, y: round * 30, width: 2000, height: 1500 }));
  const [, checking] = await cost(() => problemsIn(store.graph(), specs));
  const [, saving] = await cost(() => writeJson(writeDocument(store.document)));
  const [copied, copying] = await cost(() => copyItems(store.document, store.graph(), ids));
  const [, layout] = await cost(() => layOut(store.graph(), specs));
  const [, openingBare] = await cost(() => openDocument(bare, SPECS));
  return {
    nodes: ids.length,
    file_megabytes: Math.round(text.length / 1e4) / 100,
    copied_megabytes: Math.round(copied.length / 1e4) / 100,
    open_cpu_ms: opening,
    open_without_layout_cpu_ms: openingBare,
    document_heap_megabytes: Math.round(megabytes * 10) / 10,
    index_cpu_ms: indexing,
    check_cpu_ms: checking,
    save_cpu_ms: saving,
    copy_all_cpu_ms: copying,
    layout_cpu_ms: layout,
    edit_ms: edit,
    undo_ms: undo,
    redo_ms: redo,
    drag_20_ms: drag,
    remove_ms: remove,
    undo_of_remove_ms: restore,
    near_ms: near,
  };
}
