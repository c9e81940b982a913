/** 供查阅的内容：带示例的节点帮助、连线名称、工作流的早期版本。 */

import type { reference as english } from "../en/reference.ts";
import type { Translated } from "../index.ts";

export const reference: Translated<typeof english> = {
  "help.node": "节点帮助",
  "help.about": "帮助：{node}",
  "help.examples": "使用它的示例",
  "help.open": "打开示例“{title}”",
  "help.all": "全部示例…",
  "help.no_example": "没有示例使用它。",
  "help.loading": "正在查找示例…",
  "help.failed": "无法读取示例：{reason}",

  "wire.label": "{from}的 {output} 连到{to}的 {input}",

  "versions.title": "早期版本",
  "versions.menu": "早期版本…",
  "versions.saved": "以“{name}”保存",
  "versions.draft": "工作时自动保留",
  "versions.none": "此工作流还没有早期版本。",
  "versions.loading": "正在读取早期版本…",
  "versions.number": "版本 {number}",
  "versions.hint": "每个版本都在新标签页中打开；已打开的内容保持不变。",
  "versions.nodes": { one: "{count} 个节点", other: "{count} 个节点" },
  "versions.more": { one: "比之前多 {count} 个", other: "比之前多 {count} 个" },
  "versions.fewer": { one: "比之前少 {count} 个", other: "比之前少 {count} 个" },
  "versions.same": "与之前一样多",
  "versions.unreadable": "不是此编辑器的工作流",
  "versions.older": "显示更早的版本",
  "versions.tab": "{title}（{time}）",
};
