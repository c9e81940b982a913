/** 图对外的样子：命名的输入与输出、整个子图；以及编辑器自己对问题和运行的说明。 */

import type { structure as english } from "../en/structure.ts";
import type { Translated } from "../index.ts";

export const structure: Translated<typeof english> = {
  "drawer.interface": "接口",
  "interface.workflow": "命名的输入组成表单，程序也按名称设置它们。命名的输出是工作流交回的结果。",
  "interface.subgraph": "此子图的每个副本都有这些接口。",
  "interface.title": "子图标题",
  "interface.no_inputs": "还没有命名的输入。",
  "interface.no_outputs": "还没有命名的输出。",
  "interface.usual": { one: "命名常用的一项", other: "命名常用的 {count} 项" },
  "interface.about": "{name} 的用途",
  "interface.about_hint": "用途说明",
  "interface.nowhere": "它现在没有连到任何地方。",
  "interface.select": "选择一个节点，为它的输入和输出命名。",
  "interface.of_node": "来自{node}",

  "action.name_port": "命名一个输入或输出…",
  "action.name_usual": "命名工作流的常用输入",
  "action.fit_frame": "让分组框贴合内容",
  "action.detach": "让此子图独立",
  "action.drop_unused": "移除未使用的子图",
  "step.name_input": "命名输入",
  "step.name_output": "命名输出",
  "step.feed": "由命名的输入提供",
  "step.describe": "填写说明",
  "step.clear": "使用默认值",
  "said.named": "现在名为“{name}”",
  "said.named_usual": { one: "已命名 {count} 个输入", other: "已命名 {count} 个输入" },
  "spot.name_input": "将“{input}”命名为工作流的输入",
  "spot.name_output": "将“{output}”命名为工作流的输出",
  "spot.name_inner_input": "将“{input}”设为子图的输入",
  "spot.name_inner_output": "将“{output}”设为子图的输出",
  "spot.feed": "也由“{name}”提供",
  "spot.unname": "取消名称“{name}”",
  "spot.clear": "使用“{input}”的默认值",
  "spot.disconnect_output": "移除“{output}”的所有连线",

  "node.unknown": "此处未知",
  "local.unknown_node": "这里没有节点类型“{given}”。",
  "local.missing_input": "“{input}”需要 {taken} 类型的输入。",
  "local.dangling_link": "“{input}”连到一个已不存在的节点。",
  "local.bad_output": "“{input}”连到一个不存在的输出。",
  "local.type_mismatch": "“{input}”接受 {taken}，得到的却是 {given}。",
  "local.out_of_range": "“{input}”不能是 {given}：超出范围。",
  "local.cycle": "此节点在等待自己。",
  "export.unpainted": "此浏览器无法将节点图画成图片（{reason}）；请改为导出 SVG。",

  "run.explain": "现在会运行哪些节点，为什么",
  "explain.summary": {
    one: "{count} 个节点会运行；{kept} 个的结果会保留。",
    other: "{count} 个节点会运行；{kept} 个的结果会保留。",
  },
  "explain.runs": "运行",
  "explain.ran": "运行的原因",
  "explain.kept": "保留",
  "explain.inside": "内部 {all} 个节点中有 {count} 个运行",

  "compare.added": "仅在右侧：{names}",
  "compare.removed": "仅在左侧：{names}",
};
