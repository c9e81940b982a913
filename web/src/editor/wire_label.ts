import type { Link, NodeId } from "../document/types.ts";
import { t } from "../strings/index.ts";
import type { Workspace } from "./workspace.ts";

/** A wire as it is read out: “CLIP of Load Checkpoint to clip of Prompt”. */
export function wireLabel(
  workspace: Workspace,
  from: Link,
  to: { readonly node: NodeId; readonly input: string },
): string {
  const [source, target] = [workspace.node(from.node), workspace.node(to.node)];
  const output = source && workspace.spec(source).outputs[from.output]?.name;
  return t("wire.label", {
    output: (output ?? String(from.output)).replaceAll("_", " "),
    from: source === undefined ? from.node : workspace.titleOf(source),
    input: to.input.replaceAll("_", " "),
    to: target === undefined ? to.node : workspace.titleOf(target),
  });
}
